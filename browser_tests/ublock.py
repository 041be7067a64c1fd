"""The real uBlock Origin of Debian in Firefox: when it blocks, and whom it is told to trust."""

from browser_tests.browser import until
from browser_tests.firefox import UBLOCK, Firefox
from browser_tests.pages import Pages

_ID = "uBlock0@raymondhill.net"
# A script and a request that EasyList names, and a beacon that EasyPrivacy names: each of its lists is at work.
_BAITS = """
  const script = new Promise(done => {
    const bait = document.createElement("script");
    bait.onload = () => done(false);
    bait.onerror = () => done(true);
    bait.src = "/prebid-load.js?" + Math.random();
    document.head.append(bait);
  });
  const request = await fetch("/x_468x60_y.json?" + Math.random()).then(() => false, () => true);
  const hint = await fetch("/pixel?tag=" + Math.random()).then(() => false, () => true);
  return await script && request && hint;
"""


async def install_ublock(firefox: Firefox, pages: Pages) -> None:
    """It compiles its lists for some seconds after it is installed: until then it blocks nothing, or half of it."""
    await firefox.install(UBLOCK)
    tab = await firefox.open(pages.show("readiness", "/", "<!doctype html><title>Readiness</title>"))

    async def blocks() -> bool:
        return bool(await tab.run(_BAITS))

    await until(blocks, 60)
    await tab.close()


async def trust(firefox: Firefox, *hosts: str) -> None:
    """As a shopper does it on the page "Trusted sites" of its dashboard. None: nobody is trusted."""
    host = await firefox.chrome(f"return WebExtensionPolicy.getByID('{_ID}').mozExtensionHostname")
    tab = await firefox.open(f"moz-extension://{host}/whitelist.html")
    lines = "\\n".join(hosts)

    async def told() -> bool:
        return bool(
            await tab.run(
                f"await vAPI.messaging.send('dashboard', {{what: 'setWhitelist', whitelist: '{lines}'}}); return true"
            )
        )

    await until(told)
    await tab.close()
