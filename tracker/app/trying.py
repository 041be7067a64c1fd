"""A trial of one request: needs no store and no secret of the installation."""

from tracker.core.partner import Programme
from tracker.core.signing_keys import since_ever
from tracker.postback.trial import Trial
from tracker.postback.trial import try_postback as try_with_ids
from tracker.redirect.click_id import SignedClickIds

NO_KEY = "00" * 32  # nothing that it signs is ever honoured


def try_postback(trial: Trial, programme: Programme) -> dict[str, object]:
    """What we would do with one request. Raises ConfigurationError for a partner that is not there."""
    return try_with_ids(trial, programme, SignedClickIds(since_ever(NO_KEY)))
