// What a shop breaks of the tag, shown to its partner on the shop's own pages: docs/partners.md, "Self-test".
// The tag loads it when the address says ct_test, and from then on until the test is finished.
(() => {
  const { order = '', bait, server } = document.currentScript.dataset
  const WORDS = {
    ru: {
      title: 'Проверка тега', other: 'English', finish: 'Завершить проверку',
      walk: 'Шаг 1 из 2. Положите что-нибудь в корзину и оформите заказ в этой же вкладке. Итог появится на странице подтверждения.',
      good: 'Шаг 2 из 2. Всё в порядке: магазин ничего не ломает.', bad: 'Шаг 2 из 2. Магазин ломает отмеченное красным.',
      script: ['Тег загружен, CSP разрешает скрипт'],
      connect: ['CSP разрешает отправку, сервер отвечает', `CSP магазина запрещает отправку: добавьте ${server} в connect-src`,
        `Сервер ${server} не отвечает отсюда`],
      channel: ['BroadcastChannel есть', 'Нет BroadcastChannel: копии вкладок не видны'],
      origin: ['Адрес магазина один от входа до подтверждения', 'Подтверждение на другом адресе. Проверка начата на ',
        'Проверка начата не на этом адресе, или магазин стёр и хранилище, и cookie'],
      storage: ['sessionStorage сохраняется', 'sessionStorage стёрт: магазин очищает его или открывает новую вкладку',
        'sessionStorage недоступен', 'sessionStorage не дошёл: подтверждение на другом адресе'],
      cookie: ['Cookie сохраняется', 'Cookie стёрт или не разрешён'],
      baits: ['Файлы-приманки на месте', 'Файлов нет или они не те: ', 'Файлы-приманки не заявлены (data-bait): блокировщик не проверяется',
        'Блокировщик в вашем браузере: проверьте без него'],
      order: ['Номер заказа передан: ', 'Это ещё не подтверждение: нет data-order'],
    },
    en: {
      title: 'Test of the tag', other: 'Русский', finish: 'Finish the test',
      walk: 'Step 1 of 2. Put something into the basket and order it in this same tab. The confirmation page shows the result.',
      good: 'Step 2 of 2. All is well: the shop breaks nothing.', bad: 'Step 2 of 2. The shop breaks what is red.',
      script: ['The tag is loaded, the CSP allows its script'],
      connect: ['The CSP allows reports, the server answers', `The shop's CSP forbids reports: add ${server} to connect-src`,
        `The server ${server} does not answer from here`],
      channel: ['BroadcastChannel is there', 'There is no BroadcastChannel: copies of tabs are not seen'],
      origin: ['One origin from landing to confirmation', 'The confirmation is on another origin. The test began on ',
        'The test did not begin on this origin, or the shop cleared both its storage and its cookies'],
      storage: ['sessionStorage is kept', 'sessionStorage was cleared: the shop clears it, or opens a new tab',
        'sessionStorage cannot be used', 'sessionStorage did not come along: the confirmation is on another origin'],
      cookie: ['Cookies are kept', 'A cookie was cleared, or is not allowed'],
      baits: ['The bait files are in place', 'Files are missing or not ours: ', 'No bait files (data-bait): ad blockers are not looked for',
        'An ad blocker in your own browser: test without it'],
      order: ['The order id is passed: ', 'Not the confirmation yet: there is no data-order'],
    },
  }
  const attempt = act => { try { return act() } catch { return undefined } }
  const cookie = name => attempt(() => (document.cookie.match('(?:^|; )' + name + '=([^;]*)') || [])[1])
  const setCookie = (name, value, seconds, domain) => attempt(() => {
    document.cookie = `${name}=${value}; path=/; max-age=${seconds}; samesite=lax${domain ? '; domain=' + domain : ''}`
  })
  // For a checkout on another host of the shop's the mark must be as wide as the browser allows.
  const setWideCookie = (value, seconds) => {
    const labels = location.hostname.split('.')
    for (let from = labels.length - 2; from >= 0; from--) setCookie('ct_test', value, seconds, labels.slice(from).join('.'))
    if (seconds && !cookie('ct_test')) setCookie('ct_test', value, seconds)
    if (!seconds) setCookie('ct_test', '', 0)
  }

  const began = cookie('ct_test') && decodeURIComponent(cookie('ct_test'))
  const marked = attempt(() => sessionStorage.ct_test), kept = cookie('ct_test_kept')
  const first = !began && !marked && !kept
  const start = () => {
    setWideCookie(encodeURIComponent(location.origin), 3600)
    setCookie('ct_test_kept', 1, 3600)
    attempt(() => (sessionStorage.ct_test = 1))
  }
  if (first) start()

  // Each: name, good | bad | note, which of its words, and what to add to them.
  const elsewhere = began && began != location.origin
  const rows = () => [
    ['script', 'good', 0],
    ['channel', ...(typeof BroadcastChannel == 'function' ? ['good', 0] : ['note', 1])],
    ['origin', ...(elsewhere ? ['bad', 1, began] : first && order ? ['bad', 2] : ['good', 0])],
    ['storage', ...(!attempt(() => (sessionStorage.setItem('ct_', 1), sessionStorage.removeItem('ct_'), true)) ? ['bad', 2]
      : first || marked ? ['good', 0] : elsewhere ? ['bad', 3] : ['bad', 1])],
    ['cookie', ...(elsewhere || (first ? cookie('ct_test_kept') : kept) ? ['good', 0] : ['bad', 1])],
    ['order', ...(order ? ['good', 0, order] : ['note', 1])],
  ]
  const askServer = () => {
    let forbidden
    document.addEventListener('securitypolicyviolation', event => {
      if (event.effectiveDirective == 'connect-src' && event.blockedURI.startsWith(server)) forbidden = true
    })
    return fetch(server + '/tag/self-test.js', { cache: 'no-store', credentials: 'omit' }).then(
      answer => ['connect', ...(answer.ok ? ['good', 0] : ['bad', 2])],
      () => new Promise(done => setTimeout(() => done(['connect', 'bad', forbidden ? 1 : 2]), 100)),
    )
  }
  const askBaits = () => {
    if (bait === undefined) return ['baits', 'note', 2]
    const names = ['front.min.js', 'front.json', 'ads-front.min.js', 'x_468x60_y.json']
    const there = name => fetch(`${location.origin}${bait}/${name}`, { cache: 'no-store' }).then(
      answer => (answer.ok ? answer.text().then(text => (text.includes('cashback-bait') ? 'ok' : 'missing')) : 'missing'),
      () => 'blocked',
    )
    return Promise.all(names.map(there)).then(found => {
      const missing = names.filter((_, at) => found[at] == 'missing' || (at < 2 && found[at] == 'blocked'))
      if (missing.length) return ['baits', 'bad', 1, missing.join(', ')]
      return ['baits', ...(found.includes('blocked') ? ['note', 3] : ['good', 0])]
    })
  }

  const host = document.createElement('div')
  host.id = 'cashback-self-test'
  const root = host.attachShadow({ mode: 'open' })
  // Styles set by script are allowed by every CSP.
  const element = (name, text, style) => {
    const made = document.createElement(name)
    made.textContent = text
    Object.assign(made.style, style)
    return made
  }
  const COLOURS = { good: '#0b6b34', bad: '#a3001f', note: '#5c6670' }, SIGNS = { good: '✓', bad: '✗', note: '–' }
  const show = (found, language) => {
    const words = WORDS[language], broken = found.some(([, verdict]) => verdict == 'bad')
    const box = element('section', '', {
      all: 'initial', position: 'fixed', right: '12px', bottom: '12px', zIndex: 2147483647, boxSizing: 'border-box',
      width: 'min(440px, calc(100vw - 24px))', maxHeight: '80vh', overflow: 'auto', padding: '16px 18px', borderRadius: '14px',
      background: '#fff', color: '#1b1e22', border: '1px solid #dde1e6', boxShadow: '0 8px 30px #0004',
      font: '14px/1.45 system-ui, sans-serif',
    })
    box.lang = language
    box.setAttribute('role', 'status')
    const list = element('ul', '', { listStyle: 'none', margin: '0 0 12px', padding: 0 })
    for (const [name, verdict, which, more = ''] of found) {
      const row = element('li', `${SIGNS[verdict]} ${words[name][which]}${more}`, {
        color: COLOURS[verdict], margin: '0 0 4px', overflowWrap: 'anywhere',
      })
      Object.assign(row.dataset, { check: name, verdict })
      list.append(row)
    }
    const button = (text, act) => {
      const made = element('button', text, { font: 'inherit', padding: '6px 12px', marginRight: '8px', cursor: 'pointer' })
      made.onclick = act
      return made
    }
    const finish = () => {
      setWideCookie('', 0)
      setCookie('ct_test_kept', '', 0)
      attempt(() => sessionStorage.removeItem('ct_test'))
      host.remove()
    }
    box.append(
      element('b', words.title, { display: 'block', fontSize: '16px', margin: '0 0 6px' }),
      element('p', order ? words[broken ? 'bad' : 'good'] : words.walk, { margin: '0 0 10px' }),
      list,
      button(words.other, () => show(found, language == 'ru' ? 'en' : 'ru')),
      button(words.finish, finish),
    )
    root.replaceChildren(box)
  }
  Promise.all([askServer(), askBaits()]).then(asked => {
    show([...rows(), ...asked], /^(ru|be|uk|kk)/.test(navigator.language) ? 'ru' : 'en')
    document.documentElement.append(host)
  })
})()
