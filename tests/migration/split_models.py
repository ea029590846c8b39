"""Models that a drifted database can only follow in several deploys."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """All of them."""


class Customer(Base):
    """Whose key and points become larger."""

    __tablename__ = "customers"
    __table_args__ = (
        CheckConstraint("points >= 0", name="ck_points"),
        Index("ix_email", "email", unique=True),
        Index("ix_phone", "phone"),
    )
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    email: Mapped[str | None] = mapped_column(String(255))
    points: Mapped[int] = mapped_column(BigInteger)
    phone: Mapped[str] = mapped_column(String(30))


class Order(Base):
    """Refers to a customer."""

    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    customer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("customers.id"))


class Note(Base):
    """Is new."""

    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    customer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("customers.id"))
    text: Mapped[str] = mapped_column(Text)
