"""Each reader of what comes from outside takes odd input, or refuses it as it says."""

import pytest

from tests.support.odd_readers import READERS, read_many
from tests.support.slow import slow

FEW, MANY = 60, 10_000


@pytest.mark.parametrize("count", [FEW, *slow(MANY)])
@pytest.mark.parametrize("reader", READERS)
async def test_odd_input_is_read_or_refused(reader: str, count: int) -> None:
    faults = await read_many(reader, 0, count)
    assert not faults, f"{len(faults)} of {count}, such as {faults[0]}"
