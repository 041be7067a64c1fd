"""Every dialect by its name in partners.yaml."""

from collections.abc import Mapping

from tracker.postback.dialects.admitad import ADMITAD
from tracker.postback.dialects.dialect import Dialect
from tracker.postback.dialects.generic import GENERIC

DIALECTS: Mapping[str, Dialect] = {dialect.name: dialect for dialect in (ADMITAD, GENERIC)}
