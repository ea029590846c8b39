"""What reading an endpoint's code tells of the schema that it answers with, form by form."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

import pytest
from fastapi import Depends
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import BaseModel, ConfigDict, TypeAdapter
from sqlalchemy import ForeignKey, create_engine, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, sessionmaker

from drift.sources.responses.endpoint_code import read_endpoint
from drift.sources.responses.uses import How

T = TypeVar("T")


def _name(endpoint: Any) -> str:
    return str(endpoint.__name__)


class Base(DeclarativeBase):
    @classmethod
    def find(cls, db, id):
        return db.get(cls, id)


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str | None]
    posts: Mapped[list[Post]] = relationship(back_populates="author")

    def to_dict(self):
        return {"id": self.id, "email": self.email or ""}


class Post(Base):
    __tablename__ = "posts"
    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    author: Mapped[User] = relationship(back_populates="posts")


class Card(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    email: str

    @classmethod
    def of(cls, user):
        return cls(id=user.id, email=user.email or "")


class OtherCard(Card): ...


class Envelope(BaseModel):
    user: Card
    total: int = 0


class Page(BaseModel, Generic[T]):
    items: list[T]


SessionLocal = sessionmaker(create_engine("sqlite://"))
AsyncSessionLocal = async_sessionmaker()
ADAPTER = TypeAdapter(list[Card])


def get_db() -> Iterator[Session]:
    with SessionLocal() as db:
        yield db


async def get_async_db() -> AsyncIterator[AsyncSession]:
    async with AsyncSessionLocal() as db:
        yield db


@contextmanager
def session_scope():
    yield SessionLocal()


def logged(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*arguments: Any, **keywords: Any) -> Any:
        return function(*arguments, **keywords)

    return wrapper


class Repository(Generic[T]):
    def __init__(self, db, model=User):
        self.db, self.model = db, model

    async def get(self, id):
        found = await self.db.execute(select(self.model).where(self.model.id == id))
        return found.scalar_one_or_none()

    def typed(self) -> T:
        return _nobody_knows()


class UserRepository(Repository[User]):
    pass


class UnitOfWork:
    async def __aenter__(self):
        self.users = Repository(AsyncSessionLocal())
        return self

    async def __aexit__(self, *_):
        pass


@functools.lru_cache
def cached(id):
    return SessionLocal().get(User, id)


@logged
def decorated(db, id):
    return db.query(User).filter_by(id=id).one()


def get_repository(db=Depends(get_db)):
    return UserRepository(db)


def _nobody_knows() -> Any:
    return eval("1")


def get_one(db: Session = Depends(get_db)):
    return db.get(User, 1)


async def scalar(db: AsyncSession = Depends(get_async_db)):
    return (await db.execute(select(User).limit(1))).scalar_one_or_none()


def checked(db=Depends(get_db)):
    if (user := db.scalars(select(User)).first()) is None:
        raise LookupError
    try:
        return user
    finally:
        db.close()


def in_a_scope():
    with session_scope() as db, db.begin():
        return db.merge(User(id=1))


def active_record(db: Session = Depends(get_db)):
    return User.find(db, 1)


def through_relationship(db: Session = Depends(get_db)):
    post = db.get(Post, 1)
    return post.author


async def through_repository(repository=Depends(get_repository)):
    return await repository.get(1)


def through_type_variable(repository: UserRepository = Depends(get_repository)):
    return repository.typed()


async def through_unit_of_work():
    async with UnitOfWork() as work:
        return await work.users.get(1)


def through_cache():
    return cached(1)


def through_decorator(db: Session = Depends(get_db)):
    return decorated(db, id=1)


def validated(db: Session = Depends(get_db)):
    return Card.model_validate(db.get(User, 1), from_attributes=True)


def of_two(db: Session = Depends(get_db)):
    users, _ = _two(db)
    return users[0]


def _two(db):
    return db.query(User).all(), db.query(User).count()


READ = [
    get_one,
    scalar,
    checked,
    in_a_scope,
    active_record,
    through_relationship,
    through_repository,
    through_type_variable,
    through_unit_of_work,
    through_cache,
    through_decorator,
    validated,
    of_two,
]


@pytest.mark.parametrize("endpoint", READ, ids=_name)
def test_rows_are_read(endpoint):
    told = read_endpoint(endpoint, Card)
    assert {(use.schema, use.how, use.model) for use in told.uses} == {(Card, How.READ, User)}
    assert all(use.certain and use.alone for use in told.uses)


def all_rows(db: Session = Depends(get_db)):
    return db.scalars(select(User)).unique().all()


def gathered(db: Session = Depends(get_db)):
    found = []
    for user in db.query(User).order_by(User.id):
        user.email = user.email.lower()
        found.append(user)
    return found


def mapped_over(db: Session = Depends(get_db)):
    return list(map(Card.model_validate, db.query(User)))


def comprehension(db: Session = Depends(get_db)):
    return [Card.model_validate(user) for user in db.execute(select(User)).scalars() if user.id]


def adapted(db: Session = Depends(get_db)):
    return ADAPTER.validate_python(db.query(User).all())


def collection(db: Session = Depends(get_db)):
    return sorted({post.author for post in db.query(Post)}, key=id)


@pytest.mark.parametrize(
    "endpoint",
    [all_rows, gathered, mapped_over, comprehension, adapted, collection],
    ids=_name,
)
def test_lists_of_rows_are_read(endpoint):
    assert {(use.schema, use.how, use.model) for use in read_endpoint(endpoint, list[Card]).uses} == {
        (Card, How.READ, User)
    }


def enveloped(db: Session = Depends(get_db)):
    return {"user": db.get(User, 1), "total": db.scalar(select(func.count()).select_from(User))}


def enveloped_by_hand(db: Session = Depends(get_db)):
    return Envelope(user=db.get(User, 1))


@pytest.mark.parametrize("endpoint", [enveloped, enveloped_by_hand], ids=_name)
def test_an_envelope_is_built_and_what_is_in_it_read(endpoint):
    told = {(use.schema, use.how) for use in read_endpoint(endpoint, Envelope).uses}
    assert told == {(Card, How.READ), (Envelope, How.BUILT)}


def constructor(db: Session = Depends(get_db)):
    user = db.get(User, 1)
    return Card(id=user.id, email=user.email or "")


def conditional(db: Session = Depends(get_db)):
    user = db.get(User, 1)
    email = user.email if user.email is not None else "-"
    return Card(id=user.id, email=email)


def formatted(db: Session = Depends(get_db)):
    user = db.get(User, 1)
    return Card(id=user.id, email=f"<{user.email}>")


def from_class_method(db: Session = Depends(get_db)):
    return Card.of(db.get(User, 1))


def spread_dictionary(db: Session = Depends(get_db)):
    return Card(**db.get(User, 1).to_dict())


def validated_dictionary(db: Session = Depends(get_db)):
    user = db.get(User, 1)
    return Card.model_validate({"id": user.id} | {"email": str(user.email)})


def dumped(db: Session = Depends(get_db)):
    return Card.of(db.get(User, 1)).model_dump()


@pytest.mark.parametrize(
    "endpoint",
    [constructor, conditional, formatted, from_class_method, spread_dictionary, validated_dictionary, dumped],
    ids=_name,
)
def test_what_is_built_passes_on_only_what_is_named_as_it_is(endpoint):
    told = read_endpoint(endpoint, Card).uses
    assert {use.how for use in told} == {How.BUILT}
    assert {name for use in told for name, _ in use.passed} == {"id"}


def straight(db: Session = Depends(get_db)):
    user = db.get(User, 1)
    return Card(id=user.id, email=user.email)


def straight_through_a_helper(db: Session = Depends(get_db)):
    return _card(db.get(User, 1))


def _card(user: User) -> Card:
    fields = {"id": user.id}
    fields["email"] = user.email
    return Card(**fields)


@pytest.mark.parametrize("endpoint", [straight, straight_through_a_helper], ids=_name)
def test_what_is_built_can_pass_a_null_on(endpoint):
    told = read_endpoint(endpoint, Card).uses
    assert {use.how for use in told} == {How.BUILT}
    assert {name for use in told for name, _ in use.passed} == {"id", "email"}


def mapping(db: Session = Depends(get_db)):
    return db.execute(select(User.id, User.email)).mappings().one()


def attributes(db: Session = Depends(get_db)):
    return Card(**vars(db.get(User, 1)))


def encoded(db: Session = Depends(get_db)):
    return jsonable_encoder(db.get(User, 1))


def columns(db: Session = Depends(get_db)):
    row = db.query(User.id, User.email).first()
    return {"id": row.id, "email": row.email}


@pytest.mark.parametrize("endpoint", [mapping, attributes, encoded, columns], ids=_name)
def test_mappings_are_told_apart(endpoint):
    assert How.RECORD in {use.how for use in read_endpoint(endpoint, Card).uses}


def answer(db: Session = Depends(get_db)):
    return JSONResponse({"email": db.get(User, 1).email})


def redirect() -> Any:
    return RedirectResponse("/")


def constructed(db: Session = Depends(get_db)):
    return Card.model_construct(email=db.get(User, 1).email)


@pytest.mark.parametrize("endpoint", [answer, redirect, constructed], ids=_name)
def test_where_nothing_is_validated(endpoint):
    assert {use.how for use in read_endpoint(endpoint, Card).uses} == {How.ANSWER}


def raw(db: Session = Depends(get_db)):
    return db.execute(text("SELECT 1")).one()


def unknown() -> Any:
    return _nobody_knows()


def recursive(id: int) -> Any:
    return recursive(id)


def large():
    return _grow(_grow, _grow, _grow)


def _grow(*functions):
    return [each(*functions) for each in functions for each in functions]


@pytest.mark.parametrize("endpoint", [raw, unknown, recursive, large], ids=_name)
def test_what_cannot_be_followed_is_unknown(endpoint):
    assert {use.how for use in read_endpoint(endpoint, Card).uses} <= {How.UNKNOWN}


@pytest.mark.parametrize("endpoint", [None, 3, len, functools.partial(get_one), lambda: None])
def test_anything_may_stand_where_an_endpoint_is_expected(endpoint):
    assert not [use for use in read_endpoint(endpoint, Card).uses if use.how is How.BUILT]


def many() -> list[User]:
    return _nobody_knows()


def test_of_a_union_only_the_member_counts_that_can_be_meant():
    told = read_endpoint(many, list[Card] | Page[Card])
    assert [(use.schema, use.model, use.alone) for use in told.annotated] == [(Card, User, True)]
    # An envelope asks for more than a user has.
    assert [use.alone for use in read_endpoint(get_one, Card | Envelope).uses] == [True]
    assert [use.alone for use in read_endpoint(get_one, Card | OtherCard).uses] == [False, False]


def fills(data: Card, db: Session = Depends(get_db)):
    made = User(**data.model_dump(), id=1)
    made.email = "a"
    db.add(made)
    return made


def test_what_the_code_writes_itself():
    assert read_endpoint(fills, Card).written == {User: frozenset({"id", "email"})}
