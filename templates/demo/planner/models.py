"""What the code expects of its database."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Float, ForeignKey, String, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Assignment(Base):
    __tablename__ = "assignments"

    id: Mapped[int] = mapped_column(primary_key=True)
    resource: Mapped[str] = mapped_column(String(100))
    starts_at: Mapped[datetime] = mapped_column(server_default=func.current_timestamp())
    explain_json: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    confidence: Mapped[float | None] = mapped_column(Float)
    score: Mapped[float | None] = mapped_column(Float)
    alternatives_json: Mapped[list[Any] | None] = mapped_column(JSON)
    audit_hash: Mapped[str | None] = mapped_column(String(64))


class ApplicationSettings(Base):
    __tablename__ = "application_settings"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50), unique=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("assignments.id"))
    freeze_horizon_days: Mapped[int] = mapped_column(server_default="7")
    freeze_scope: Mapped[str | None] = mapped_column(String(20))
