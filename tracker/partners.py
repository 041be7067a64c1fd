"""partners.yaml -> the programme and its partners, or every problem at once, each with its line and its fix."""

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from tracker import partners_postback, partners_schema
from tracker.core.click import Policy
from tracker.core.partner import (
    CheckPolicy,
    Partner,
    Programme,
    Promotion,
    Reward,
    Terms,
    TermsVersion,
)
from tracker.core.proof import proves
from tracker.core.reasons import Reason
from tracker.core.terms_json import with_version
from tracker.errors import ConfigurationError
from tracker.partners_notify import notify_of, notify_problems
from tracker.partners_schema import (
    FileEntry,
    PartnerEntry,
    ProgrammeEntry,
    RewardEntry,
    TagPolicies,
)
from tracker.partners_values import SecretFromEnvironment
from tracker.partners_yaml import Document, Place, read_yaml


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the values that partners.yaml only names come from. `secrets` are those made at the first start."""

    environment: Mapping[str, str]
    dialects: Mapping[str, Collection[str]]  # name -> the fields that `map:` may rename
    secrets: Mapping[str, str]
    require_secrets: bool = False
    own_paths: Collection[str] = frozenset()  # the dialects whose networks' own paths are mounted

    @property
    def known(self) -> Mapping[str, str]:
        """The environment wins, unless it is empty there."""
        return {**self.secrets, **{name: value for name, value in self.environment.items() if value}}


def load_programme(path: Path, sources: Sources) -> Programme:
    """Raises ConfigurationError with every problem of the file."""
    document = read_yaml(path)
    problems = list(document.problems)
    try:
        found = FileEntry.model_validate(document.data)
    except ValidationError as error:
        problems += [_problem(document, detail) for detail in error.errors()]
        raise ConfigurationError(_by_line(problems)) from None
    problems += _across(document, found, sources)
    if problems:
        raise ConfigurationError(_by_line(problems))
    programme = found.programme
    return Programme(
        name=programme.name,
        timezone=programme.timezone,
        sign_in=programme.sign_in,
        checks=tuple((check, CheckPolicy(one.policy, one.refuse_at)) for check, one in programme.checks.items()),
        partners={one.id: _partner(one, programme, sources) for one in found.partners},
        notify=notify_of(programme.notify, sources.known),
    )


def secret_names(path: Path) -> set[str]:
    """The environment variables that hold postback secrets; none of a file that cannot be read."""
    try:
        found = FileEntry.model_validate(read_yaml(path).data)
    except (ConfigurationError, ValidationError):
        return set()
    return {
        secret.env
        for one in found.partners
        for secret in (*one.postback.secrets, *one.postback.auth_secrets)
        if isinstance(secret, SecretFromEnvironment)
    }


def changed_past(old: TermsVersion, new: TermsVersion, now: datetime) -> list[str]:
    """What a reload would change of entries that have begun: a click may carry them (docs/rules.md, T-05)."""
    today = now.astimezone(ZoneInfo(old.timezone)).date()
    problems = []
    if [one for one in old.terms if one.valid_from <= now] != [one for one in new.terms if one.valid_from <= now]:
        problems.append(f"{new.partner_id}: terms that have begun were changed; add an entry with a later from")
    # The last day of a running promotion may move, but not into the past.
    begun_old, begun_new = (
        [(one.first_day, one.reward, one.last_day if one.last_day < today else None) for one in version.promotions
         if one.first_day <= today]
        for version in (old, new)
    )  # fmt: skip
    if begun_old != begun_new:
        problems.append(f"{new.partner_id}: promotions that have begun were changed; add one with a later from")
    return problems


def _partner(one: PartnerEntry, programme: ProgrammeEntry, sources: Sources) -> Partner:
    return Partner(
        id=one.id,
        name=one.name,
        category=one.category,
        link=one.link,
        home=one.home,
        hosts=frozenset(one.hosts),
        currencies=frozenset(one.currencies),
        postback=one.postback.profile(sources.known),
        terms=_terms_version(one, programme),
        expected_days=one.expected_days,
        statement=one.statement.profile(),
    )


def _terms_version(one: PartnerEntry, programme: ProgrammeEntry) -> TermsVersion:
    return with_version(
        TermsVersion(
            version="",
            partner_id=one.id,
            timezone=programme.timezone,
            window_days=programme.window_days,
            session_hours=one.session_hours or programme.session_hours,
            minimum_cashback=programme.minimum_cashback,
            origins=frozenset(one.origins),
            terms=tuple(
                Terms(
                    valid_from=entry.valid_from(programme.timezone),
                    reward=_reward(entry),
                    tariffs=tuple((name, _some_reward(tariff)) for name, tariff in sorted(entry.tariffs.items())),
                    minimum_purchase=entry.minimum_purchase,
                    once_per_shopper=entry.once_per_shopper,
                )
                for entry in one.terms
            ),
            promotions=tuple(
                Promotion(entry.from_, entry.until, _some_reward(entry), entry.title) for entry in one.promotions
            ),
            tag=tuple(_tag(programme.tag | one.tag)),
        )
    )


def _tag(entries: TagPolicies) -> Iterator[tuple[Reason, CheckPolicy]]:
    """Only what refuses, so that a default that is written out makes no new version."""
    for reason, one in sorted(entries.items()):
        if one.policy is Policy.REFUSE:
            yield Reason(reason), CheckPolicy(one.policy, one.refuse_at)


def _reward(entry: RewardEntry) -> Reward | None:
    return None if entry.rate is None and entry.fixed is None else _some_reward(entry)


def _some_reward(entry: RewardEntry) -> Reward:
    return Reward(rate=entry.rate, fixed=entry.fixed)


def _across(document: Document, found: FileEntry, sources: Sources) -> Iterable[str]:
    """What no entry can know alone."""
    name = document.path.name
    yield from notify_problems(document, found.programme.notify, sources.known, require_secrets=sources.require_secrets)
    ids: dict[str, int] = {}
    secrets: dict[str, int] = {}
    for number, one in enumerate(found.partners):
        line = document.line(("partners", number, "id"))
        label = f"{name}:{line}: partners[{number}] {one.id}"
        if one.id in ids:
            yield f"{label}: the id stands twice, first on line {ids[one.id]}; ids are never reused"
        ids.setdefault(one.id, line)
        yield from _across_terms(document, number, one, found.programme.timezone)
        yield from _across_postback(document, number, one, sources, secrets)
    profiles = [one.postback for one in found.partners]
    for number, sentence in partners_postback.too_many_without_constant(profiles, sources.own_paths, sources.known):
        line = document.line(("partners", number, "postback", "auth"))
        yield f"{name}:{line}: partners[{number}] {found.partners[number].id}: {sentence}"


def _across_terms(document: Document, number: int, one: PartnerEntry, zone: str) -> Iterable[str]:
    moments = [entry.valid_from(zone) for entry in one.terms]
    for position in range(1, len(moments)):
        if moments[position] <= moments[position - 1]:
            line = document.line(("partners", number, "terms", position))
            yield (
                f"{document.path.name}:{line}: partners[{number}] {one.id}: terms overlap: this entry does not begin "
                "after the one before; put them in order, each with a from of its own"
            )


def _across_postback(
    document: Document, number: int, one: PartnerEntry, sources: Sources, seen: dict[str, int]
) -> Iterable[str]:
    def problem(key: str, sentence: str) -> str:
        line = document.line(("partners", number, "postback", key))
        return f"{document.path.name}:{line}: partners[{number}] {one.id}: {sentence}"

    profile = one.postback
    if profile.dialect not in sources.dialects:
        yield problem("dialect", f"no dialect {profile.dialect}{_meant_dialect(profile.dialect, sources.dialects)}")
    for field in profile.map_:
        known = sources.dialects.get(profile.dialect, ())
        if known and field not in known:
            yield problem("map", f"map renames no field {field}{_did_you_mean(field, known)}")
    # One proof may stand under several names: postback_key, and pk in older senders of the same shop.
    proofs = {_secret_key(one): one for one in profile.auth_secrets}.values()
    for place, secret in (*(("secret", one) for one in profile.secrets), *(("auth", one) for one in proofs)):
        key = _secret_key(secret)
        if key in seen:
            yield problem(place, f"the same secret as on line {seen[key]}; every partner needs its own")
        seen.setdefault(key, document.line(("partners", number, "postback", place)))
        unset = isinstance(secret, SecretFromEnvironment) and secret.env not in sources.known
        if unset and sources.require_secrets:
            yield problem(place, "the secret is not set in the environment; set it, or start `tracker serve` once")
    if profile.auth and not proves(profile.auth.proof(sources.known)):
        yield problem("auth", "auth proves nothing: a public value is no proof; add a secret, a signature or addresses")


def _secret_key(secret: str | SecretFromEnvironment) -> str:
    return secret if isinstance(secret, str) else f"environment {secret.env}"


def _problem(document: Document, detail: ErrorDetails) -> str:
    place: Place = tuple(part for part in detail["loc"] if isinstance(part, int | str))
    where = _label(document, place)
    return f"{document.path.name}:{document.line(place)}: {where}{_sentence(detail)}"


def _label(document: Document, place: Place) -> str:
    """`partners[3] lamoda: terms[0].rate: `."""
    steps = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in place]
    if len(place) > 1 and place[0] == "partners" and isinstance(place[1], int):
        try:
            steps[1] += f" {document.data['partners'][place[1]]['id']}:"
        except (LookupError, TypeError):
            steps[1] += ":"
        steps[2:3] = [" " + steps[2].removeprefix(".")] if len(steps) > 2 else []
    text = "".join(steps).removeprefix(".")
    return f"{text.removesuffix(':')}: " if text else ""


def _sentence(detail: ErrorDetails) -> str:
    kind, given = detail["type"], detail.get("input")
    if kind == "extra_forbidden":
        key = str(detail["loc"][-1])
        return f"unknown key{_did_you_mean(key, _known_keys())}; remove it or mend its name"
    if kind == "missing":
        return "missing; add it"
    if kind in ("enum", "literal_error"):
        expected = str(detail.get("ctx", {}).get("expected", ""))
        return f"{given} is not one of {expected}"
    message = detail["msg"].removeprefix("Value error, ")
    if kind == "value_error":
        return message
    if "secret" in detail["loc"]:  # nobody reads a secret in a sentence of ours
        return f"{message[0].lower()}{message[1:]}"
    return f"{message[0].lower()}{message[1:]}; it is {str(given)[:60]!r}"


def _known_keys() -> set[str]:
    found = vars(partners_schema) | vars(partners_postback)
    models = [model for name, model in found.items() if name.endswith("Entry")]
    return {field.alias or name for model in models for name, field in model.model_fields.items()}


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _meant_dialect(word: str, known: Collection[str]) -> str:
    """`tune` is tune-sender's beginning, which looks little like it."""
    longer = sorted(name for name in known if name.startswith(word)) if word else []
    meant = f"; did you mean {longer[0]}?" if longer else _did_you_mean(word, known)
    return f"{meant or ';'} known: {', '.join(sorted(known))}"


def _by_line(problems: Iterable[str]) -> list[str]:
    def line(problem: str) -> tuple[int, str]:
        number = problem.split(":")[1] if ":" in problem else ""
        return (int(number) if number.isdigit() else 0, problem)

    return sorted(dict.fromkeys(problems), key=line)
