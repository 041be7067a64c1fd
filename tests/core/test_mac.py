"""The same as the standard library's, whatever the key and the message."""

import hashlib
import hmac

from hypothesis import given
from hypothesis import strategies as st

from tracker.core.mac import mac_by


@given(st.binary(max_size=200), st.lists(st.binary(max_size=300), min_size=1, max_size=3))
def test_it_is_hmac_sha_256(key: bytes, messages: list[bytes]) -> None:
    mac = mac_by(key)
    assert [mac(message) for message in messages] == [hmac.digest(key, one, hashlib.sha256) for one in messages]
