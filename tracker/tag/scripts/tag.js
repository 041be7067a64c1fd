// What a partner's page tells us of the tab that buys: docs/partners.md. Served without these comments.
// It never throws, never waits for our server, shows nothing, and keeps nothing but `ct` in this shop's own storage.
(() => {
  const VERSION = '0'
  const script = document.currentScript || document.querySelector('script[data-partner]')
  const { partner, order = '', param, bait, server } = script ? script.dataset : {}
  const home = (server || (script && script.src && new URL(script.src).origin) || '').replace(/\/$/, '')
  const DAY = 86400, CLICK = /^[a-hjkmnp-tv-z][0-9a-hjkmnp-tv-z]{29}$/

  const attempt = act => { try { return act() } catch { return undefined } }
  const random = length => Array.from(crypto.getRandomValues(new Uint8Array(length)), byte => (byte % 36).toString(36)).join('')
  const cookie = name => (document.cookie.match('(?:^|; )' + name + '=([^;]*)') || [])[1] || ''
  const setCookie = (name, value, seconds) => {
    const secure = location.protocol == 'https:' ? '; secure' : ''
    document.cookie = `${name}=${value}; path=/; max-age=${seconds}; samesite=lax${secure}`
  }
  const keepsCookies = () => {
    const name = 'ct_' + random(4)
    setCookie(name, 1, 60)
    const kept = cookie(name)
    setCookie(name, '', 0)
    return kept == '1'
  }
  const storedTab = () => attempt(() => [JSON.parse(sessionStorage.ct)].find(one => CLICK.test(one.c) && one.t))
  const storeTab = tab => attempt(() => (sessionStorage.ct = JSON.stringify(tab)))

  const begin = () => {
    // A shop's router may have cleaned the address before we ran: the navigation still knows it.
    const came = attempt(() => new URL(performance.getEntriesByType('navigation')[0].name).search) || ''
    const values = [...new URLSearchParams(location.search), ...new URLSearchParams(came)]
    const click = values.filter(([name]) => !param || name == param)
      .map(([, value]) => value.trim().toLowerCase()).find(value => CLICK.test(value))
    // Newest first. A click id that the shop knows already is a reload, a duplicate or a pasted address: no landing.
    const clicks = (attempt(() => cookie('ct')) || '').split('.').filter(one => CLICK.test(one))
    const cookies = attempt(keepsCookies)
    const storage = attempt(() => (sessionStorage.setItem('ct_', 1), sessionStorage.removeItem('ct_'), true))
    let tab = storedTab()
    const fresh = click && !clicks.includes(click) && !(tab && tab.c == click)
    if (fresh) {
      clicks.unshift(click)
      attempt(() => setCookie('ct', clicks.slice(0, 5).join('.'), DAY))
      storeTab(tab = { c: click, t: random(16) })
    }

    // Copies of a tab copy its storage. Whoever loads asks for its id; the page that answers was there before.
    const page = window.cashbackPage = window.cashbackPage || random(16)
    let channel, answered
    const listen = () => attempt(() => {
      channel = new BroadcastChannel('ct')
      channel.onmessage = ({ data }) => attempt(() => {
        if (data.to == page) answered()
        else if (data.ask == storedTab().t && data.page != page) channel.postMessage({ to: data.page })
      })
    })
    listen()
    let certain = fresh || !tab
    const askForCopies = new Promise(done => {
      if (certain || !channel) return done()
      answered = () => done(storeTab(Object.assign(tab, { t: random(16), copy: 1 })))
      // The page that this one follows in its tab has said goodbye by then.
      setTimeout(() => attempt(() => channel.postMessage({ ask: tab.t, page })), 100)
      setTimeout(done, 300)
    }).then(() => { certain = true })

    const verdict = () => {
      if (top != self) return 'unknown'
      if (!cookies) return 'cookies_blocked'
      if (!storage || !certain) return 'unknown'
      if (!tab) return clicks[0] ? 'other_tab' : 'other_session'
      if (tab.copy) return 'other_tab_copied'
      if (!clicks[0]) return 'same_tab_cookie_lost'
      return clicks[0] == tab.c ? 'same_tab' : 'same_tab_superseded'
    }

    let blocker, finished
    const unresolved = new Set()
    const post = body => fetch(home + '/tag', {
      method: 'POST', keepalive: true, mode: 'no-cors', credentials: 'omit', body,
    }).then(() => unresolved.delete(body), () => {})
    const report = final => {
      const body = JSON.stringify({
        v: VERSION, id: random(20), partner, kind: order ? 'confirmation' : 'landing', order, final,
        click: (tab || {}).c || '', cookie: clicks[0] || '', tab: verdict(),
        blocker: stronger(blocker, (tab || {}).b), storage: cookies && storage ? 'ok' : 'blocked',
      })
      unresolved.add(body)
      post(body)
    }
    addEventListener('pagehide', () => attempt(() => {
      if (channel) channel.close()
      if (fresh && !order && !finished) report(false)
      unresolved.forEach(post)
      unresolved.clear()
    }))
    addEventListener('pageshow', event => event.persisted && listen())

    if (!fresh && !order) return
    if (order) report(false)
    Promise.all([askBaits(), askForCopies]).then(([found]) => {
      blocker = found
      if (tab && found) storeTab(Object.assign(tab, { b: stronger(found, tab.b) }))
      finished = true
      report(true)
    }).catch(() => {})
  }

  // Two files with names that blockers block, each beside one that nobody blocks, all four on the shop's own origin.
  const MARK = 'cashback-bait'
  const stronger = (now, before) => [now, before].find(one => one && (
    (one.script == 'blocked' && one.script_control == 'ok') || (one.fetch == 'blocked' && one.fetch_control == 'ok')
  )) || now || before
  const address = name => `${location.origin}${bait}/${name}?${random(8)}`
  const byFetch = name => fetch(address(name), { credentials: 'omit' }).then(
    answer => (answer.ok ? answer.text().then(text => (text.includes(MARK) ? 'ok' : 'blocked')) : 'error'),
    () => 'blocked',
  )
  const byScript = name => new Promise(done => {
    const element = document.createElement('script')
    element.src = address(name)
    // A file that is not there fails like a blocked one; asked for by fetch, it says so.
    element.onload = element.onerror = () => {
      element.remove()
      done(element.dataset.ran ? 'ok' : byFetch(name).then(answer => (answer == 'error' ? 'error' : 'blocked')))
    }
    document.head.append(element)
  })
  const askBaits = () => {
    if (bait === undefined) return undefined
    const began = performance.now()
    const soon = answer => Promise.race([answer, new Promise(done => setTimeout(done, 1500, 'error'))])
    const asked = [byScript('ads-front.min.js'), byFetch('x_468x60_y.json'), byScript('front.min.js'), byFetch('front.json')]
    return Promise.all(asked.map(soon)).then(([script, json, ...controls]) => {
      const [script_control, fetch_control] = controls.map(control => (control == 'ok' ? 'ok' : 'error'))
      return { script, fetch: json, script_control, fetch_control, dom: '', ms: Math.round(performance.now() - began) }
    })
  }

  const test = () => {
    const stored = attempt(() => sessionStorage.ct_test) || attempt(() => cookie('ct_test'))
    if (!stored && !/[?&#]ct[_-]test/.test(location.href)) return
    const element = document.createElement('script')
    Object.assign(element.dataset, script.dataset, { server: home })
    element.src = home + '/tag/self-test.js'
    element.onerror = () => alert(`The tag's self-test cannot be loaded: the shop's CSP forbids ${home}, or it is away.`)
    document.head.append(element)
  }

  if (!partner || !home) return
  const all = () => { attempt(begin); attempt(test) }
  if (document.prerendering) document.addEventListener('prerenderingchange', all, { once: true })
  else all()
})()
