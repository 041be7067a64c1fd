"""The demo programme as the demo runs it, on the port that the tests pretend it has."""

from pathlib import Path

from tracker.core.partner import Programme
from tracker.demo.partners import demo_programme
from tracker.partners import Sources, load_programme, secret_names
from tracker.postback.dialects import DIALECTS
from tracker.postback.dialects.dialect import FIELDS

PORT = 8081
_FILE = Path(__file__).resolve().parent.parent.parent / "partners.yaml"


def programme() -> Programme:
    made = {name: f"secret-of-{name.lower()}" for name in secret_names(_FILE)}
    return demo_programme(load_programme(_FILE, Sources({}, dict.fromkeys(DIALECTS, FIELDS), made)), PORT)
