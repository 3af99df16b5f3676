"""Which samples of a session count."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from controller.events import SampleFlag
from records.store.canonical import ABSENT_DN, SampleArray

UNUSABLE: Final = int(SampleFlag.NO_READING | SampleFlag.SAME_SAMPLE_NUMBER)


def valid_samples(samples: SampleArray) -> NDArray[np.bool_]:
    """Returns samples with a reading of their own: neither absent nor a repeated one."""
    own_reading = (samples["flags"].astype(np.int64) & UNUSABLE) == 0
    return np.asarray(own_reading & (samples["force_1_dn"] != ABSENT_DN), dtype=np.bool_)
