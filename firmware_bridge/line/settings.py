"""Settings of a serial line, as a device profile states them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class SerialSettings(BaseModel):
    """The model's factory settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    baudrate: Annotated[int, Field(ge=1200, le=256_000)]
    parity: Annotated[str, Field(pattern="^[NEO]$")]
    stopbits: Annotated[int, Field(ge=1, le=2)]
    bytesize: Literal[7, 8] = 8
    """Data bits of a character; 7 only for instruments that send text."""
