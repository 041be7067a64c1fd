// The checks page: asks the browser, brings what it saw to the server, shows the answer. Everything that touches storage
// may throw: with cookies blocked it does.
(() => {
  "use strict";
  const BAITS_MS = 1500, COPIES_MS = 200, PRIVATE_MS = 1200, HIDDEN_MS = 150, ANSWER_MS = 2500;
  const page = document.getElementById("checks"), said = page.dataset;
  const [asking, result, failed] = page.children, checking = asking.querySelector("h1").textContent;
  const me = random(), began = Date.now();
  let numbers = 0, evidence, channel, heard, running, tab = "", copied = false, wasHidden = false;
  self.served = {};

  function random() {
    return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => (byte % 36).toString(36)).join("");
  }

  function timer() {
    const start = performance.now();
    return () => Math.round(performance.now() - start);
  }

  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  const within = (ms, answer, late) => Promise.race([answer.catch(() => late), wait(ms).then(() => late)]);

  // A status of the server's own is no block: only a request that got none is.
  function askScript(path) {
    return new Promise((done) => {
      const tag = document.createElement("script"), number = said.nonce + numbers++;
      tag.src = path + "?n=" + number;
      tag.onload = () => done(served[number] ? "ok" : "blocked");
      tag.onerror = () => {
        const [entry] = performance.getEntriesByName(tag.src);
        done(entry?.responseStatus >= 400 ? "error" : "blocked");
      };
      document.head.append(tag);
    });
  }

  async function askFetch(path) {
    const number = said.nonce + numbers++;
    try {
      const answer = await fetch(path + "?n=" + number);
      return answer.ok ? ((await answer.json()).n === number ? "ok" : "blocked") : "error";
    } catch {
      return "blocked";
    }
  }

  // One request may be lost to a bad network: who blocks, blocks twice.
  const bait = async (ask, path) => {
    const first = await ask(path);
    return first === "blocked" ? ask(path) : first;
  };
  const control = async (ask, path) => ((await ask(path)) === "ok" ? "ok" : "error");

  async function blocker() {
    const ms = timer(), box = document.createElement("div");
    box.className = "ads-banner";
    box.textContent = "\u00a0";
    box.style.cssText = "position:absolute;left:-999px;height:9px;width:9px";
    document.body.append(box);
    const [script, fetch, script_control, fetch_control] = await Promise.all([
      bait(askScript, said.baitScript), bait(askFetch, said.baitFetch),
      control(askScript, "/checks/control.js"), control(askFetch, "/checks/control.json"),
    ].map((answer) => within(BAITS_MS, answer, "error")));
    const seen = { script, fetch, script_control, fetch_control, ms: ms() };
    if (script === "ok" && fetch === "ok") await wait(HIDDEN_MS - ms());
    // A blocker that was switched off leaves its style sheet in the open page: what was hidden once says nothing later.
    const isHidden = getComputedStyle(box).display === "none" || !box.offsetHeight;
    seen.dom = isHidden ? (wasHidden ? "" : "hidden") : "shown";
    wasHidden = wasHidden || isHidden;
    box.remove();
    return seen;
  }

  function storage() {
    const ms = timer();
    let kept;
    try {
      document.cookie = "checks=1;path=/;Max-Age=9;SameSite=Lax";
      kept = sessionStorage.length >= 0 && /(^|; )checks=1/.test(document.cookie);
    } catch {}
    return { storage: kept ? "ok" : "blocked", cookie_ms: ms() };
  }

  // The older page of two with one id keeps it: the other one is its copy.
  function listen() {
    try {
      channel = new BroadcastChannel("checks");
      channel.onmessage = ({ data }) => {
        const older = began < data.began || (began === data.began && me < data.from);
        if (data.ask && data.ask === tab && older) channel.postMessage({ to: data.from });
        if (data.to === me && heard) heard(true);
      };
    } catch {}
  }

  async function tabId() {
    try {
      const known = sessionStorage.getItem("tab") || "";
      if (/^[a-z0-9]{16}$/.test(known) && known !== tab) {
        tab = known;
        if (channel) {
          const answer = new Promise((done) => (heard = done));
          channel.postMessage({ ask: tab, from: me, began });
          copied = await within(COPIES_MS, answer, false);
          if (copied) tab = random();
        }
      } else if (!tab) {
        tab = random();
      }
      sessionStorage.setItem("tab", tab);
      return { tab, copied };
    } catch {
      return { tab: "", copied: false };
    }
  }

  async function privateMode() {
    const ms = timer(), saw = (method, verdict) => ({ method, verdict, ms: ms() });
    if (/Firefox\//.test(navigator.userAgent)) {
      if (!navigator.storage?.getDirectory) return saw("", "unknown");
      return navigator.storage.getDirectory().then(
        () => saw("opfs", "normal"),
        (error) => saw("opfs", error.name === "SecurityError" ? "private" : "unknown"));
    }
    if (!said.timing) return saw("", "unknown");
    const { detectIncognito } = await import(said.timing);
    return saw("timing", (await detectIncognito()).isPrivate ? "private" : "normal");
  }

  async function look() {
    const late = { method: said.timing && "timing", verdict: "unknown", ms: PRIVATE_MS };
    const [seen, place, mode] = await Promise.all([
      blocker().catch(() => {}), tabId(), within(PRIVATE_MS, privateMode(), late)]);
    return { blocker: seen, ...place, ...storage(), private: mode };
  }

  async function bring(act) {
    const stop = new AbortController(), late = setTimeout(() => stop.abort(), ANSWER_MS);
    try {
      const answer = await fetch(said.check, {
        method: "POST", signal: stop.signal, headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ page: said.token, act, ...evidence }),
      });
      if (!answer.ok) throw answer.status;
      return await answer.json();
    } finally {
      clearTimeout(late);
    }
  }

  function show(part, words) {
    const heading = part.querySelector("h1"), first = part === asking && !part.hidden;
    for (const one of [asking, result, failed]) one.hidden = one !== part;
    if (words) heading.textContent = words;
    if (first) return;
    heading.tabIndex = -1;
    heading.focus();
  }

  async function run(act) {
    if (running) return;
    running = true;
    page.className = "";
    show(asking, act === "check" ? checking : said.going);
    try {
      if (act === "check" || !evidence) evidence = await look();
      const answer = await bring(act);
      if (answer.go) {
        show(asking, said.going);
        page.className = "going";
        location.replace(answer.go);
        return;
      }
      result.innerHTML = answer.html;
      show(result);
    } catch {
      show(failed);
    }
    running = false;
  }

  page.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-act]");
    if (button) run(button.dataset.act);
  });
  addEventListener("pagehide", () => channel?.close());
  addEventListener("pageshow", ({ persisted }) => {
    if (!persisted) return;
    running = false;
    listen();
    run("check");
  });
  listen();
  if (document.prerendering) document.addEventListener("prerenderingchange", () => run("check"), { once: true });
  else run("check");
})();
