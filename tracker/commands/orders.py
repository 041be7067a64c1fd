"""What `serve` does when it is asked to: `restart`, `reload`."""

import asyncio
import logging
from dataclasses import dataclass, field
from pathlib import Path

from tracker import app
from tracker.commands.control import Options, Say
from tracker.commands.fleet import Fleet
from tracker.errors import ConfigurationError, TrackerError
from tracker.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Orders:
    """`settings` names the operator's own partners.yaml."""

    fleet: Fleet
    settings: Settings
    postgres_url: str
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def obey(self, order: str, options: Options, say: Say) -> None:
        """Raises TrackerError; ConfigurationError when nothing was done because something must be mended first."""
        async with self.turn:
            if order == "restart":
                log.info("restarting, one process after the other")
                await self.fleet.restart(say)
            elif order == "reload":
                self._refuse_another_file(str(options.get("partners", "")))
                await self._reload(say, yes=bool(options.get("yes")), dry_run=bool(options.get("dry_run")))
            else:
                raise TrackerError(f"The running tracker knows no order {order}; it is older than this command.")

    async def reload_on_sighup(self) -> None:
        """As `tracker reload` without options; what it would say is logged."""
        try:
            await self.obey("reload", {}, log.info)
        except TrackerError as error:
            for line in str(error).splitlines():
                log.error("not reloaded: %s", line)  # noqa: TRY400 - sentences, not a traceback

    def _refuse_another_file(self, partners: str) -> None:
        """The next start would read the first one again."""
        ours = self.settings.partners
        if partners and Path(partners) != ours:
            raise ConfigurationError(
                [f"the running tracker was started with {ours}: change that file, or start it anew"]
            )

    async def _reload(self, say: Say, *, yes: bool, dry_run: bool) -> None:
        plan = await app.plan_reload(self.settings, self.postgres_url)
        for line in plan.differences:
            say(line)
        if plan.dangers and not yes and not dry_run:
            raise ConfigurationError([f"{danger}: say --yes if that is meant" for danger in plan.dangers])
        for danger in plan.dangers:
            say(f"! {danger}{' (needs --yes)' if dry_run else ''}")
        if dry_run:
            say("Nothing was changed." if plan.differences else "There is nothing to change.")
            return
        await app.adopt(plan, self.settings, self.postgres_url)
        await self.fleet.reload(plan.digest)
        if plan.needs_restart:
            await self.fleet.restart(say)
        say(f"Every process works by {self.settings.partners.name} with the hash {plan.digest}.")
        log.info("%s is in force, with the hash %s", self.settings.partners.name, plan.digest)
