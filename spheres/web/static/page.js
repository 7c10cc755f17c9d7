/* The page's own script. It stands in the page's head and runs before Gradio's, which asks the browser for its language
   and loads the words of its own parts by it. The page's language is the last part of its address: "" or "ru". */
(() => {
  const { lang: language, dataset: { languages, name } } = document.currentScript; // web/page.py has them put there
  const others = languages.split(' ').slice(1); // the first is at home
  const home = location.pathname.replace(new RegExp(`/(${others.join('|')})/?$`), '/').replace(/\/?$/, '/');
  const pageIn = (code) => home + (code === languages.split(' ')[0] ? '' : code);
  const kept = { get: () => { try { return localStorage.getItem('language'); } catch { return null; } },
                 set: (code) => { try { localStorage.setItem('language', code); } catch { /* a frame may have none */ } } };

  // By choice, else by the browser's language; only from home: an address that names a language means it. Who comes
  // back to a page, or reloads it, stays there.
  const wanted = kept.get() || (navigator.languages || [navigator.language])
    .map((name) => name.slice(0, 2)).find((code) => languages.split(' ').includes(code));
  const opened = performance.getEntriesByType('navigation')[0]?.type === 'navigate';
  if (opened && language === languages.split(' ')[0] && others.includes(wanted)) {
    location.replace(pageIn(wanted) + location.search + location.hash);
  }
  Object.defineProperty(navigator, 'language', { get: () => language });
  Object.defineProperty(navigator, 'languages', { get: () => [language] });
  document.documentElement.lang = language;
  const compact = new URLSearchParams(location.search).get('view') === 'compact';
  document.documentElement.classList.toggle('compact', compact);

  // Until its parts are in their places, the page shows Gradio's sign of loading alone, at the middle of the window: else
  // everything would jump.
  const style = (css) => { document.head.appendChild(document.createElement('style')).textContent = css; };
  style('gradio-app .gradio-container { width: 100%; max-width: 1120px; margin: 0 auto; } ' +
    'html.loading .gradio-container * { visibility: hidden; } ' +
    'html.loading .gradio-container .wrap.full { position: fixed !important; inset: 0 !important; height: 100vh !important; } ' +
    'html.loading .gradio-container .wrap.full, html.loading .wrap.full * { visibility: visible; } html.revealed * { transition: none !important; }');
  const whole = () => {
    const classes = document.documentElement.classList;
    if (!classes.replace('loading', 'revealed')) return;
    document.body.getBoundingClientRect(); // at once, without a transition, which a frame out of sight never ends
    classes.remove('revealed');
  };
  document.documentElement.classList.add('loading');
  setTimeout(whole, 10_000); // whatever happens
  const waiting = setInterval(() => { // Gradio tells a frame that is out of sight nothing
    if (!document.getElementById('classify')) return;
    clearInterval(waiting);
    setTimeout(whole, 1000);
  }, 250);

  // Where a password is asked for, Gradio loads none of this page's styles: the boxes get a border, the form a name.
  document.addEventListener('readystatechange', () => {
    if (!window.gradio_config?.auth_required) return;
    window.gradio_config.auth_message = name;
    whole();
    style('.gradio-container .auth ~ * input { border: 1px solid var(--input-border-color) !important; ' +
      'border-radius: 6px; padding: 8px 12px !important; }');
  }, { once: true }); // when the page is read, before Gradio's own script runs

  // A number typed beside the slider: 0.95 means 95, once it is complete, and an emptied box keeps its number.
  const typed = (event) => event.target.matches?.('.threshold input[type=number]') && !(event.target.valueAsNumber > 1);
  addEventListener('input', (event) => { if (typed(event)) event.stopImmediatePropagation(); }, true);
  addEventListener('change', (event) => {
    if (!typed(event)) return;
    const box = event.target;
    const share = box.valueAsNumber;
    box.value = share > 0 ? Math.round(100 * share) : box.closest('.threshold').querySelector('[type=range]').value;
    box.dispatchEvent(new Event('input', { bubbles: true }));
  }, true);

  // A file that is too large is refused before it is sent, in the page's language: Gradio has a sentence in English only.
  let refused = ''; // its name
  const checkSize = (event) => {
    const most = window.gradio_config?.max_file_size ?? Infinity;
    const open = event.target.closest?.('#file')?.querySelector('input[type=file]:not([disabled])'); // takes a file now
    const large = [...open && (event.dataTransfer ?? event.target).files || []].find((file) => file.size > most);
    if (!large) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (event.type === 'change') event.target.value = '';
    else event.target.dispatchEvent(new DragEvent('dragleave', { bubbles: true }));
    refused = large.name;
    document.getElementById('file-refused').click();
  };
  for (const kind of ['change', 'drop']) addEventListener(kind, checkSize, true);

  addEventListener('hashchange', () => location.reload()); // a link to another classification, in this very tab

  // A link holds the threshold as a share, as programs and older links do; the slider shows it in percent.
  const fragment = (title, abstract, percent, rule, prior) =>
    title || abstract ? '#' + new URLSearchParams({ title, abstract, threshold: percent / 100, rule, prior }) : '';
  const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
  const copied = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch { // no secure origin, or a frame without the permission
      const box = document.body.appendChild(document.createElement('textarea'));
      box.value = text;
      box.select();
      document.execCommand('copy');
      box.remove();
    }
  };

  // Labels for screen readers that Gradio has in English only.
  const relabel = (labels) => {
    for (const [begin, translated] of Object.entries(labels)) {
      for (const part of document.querySelectorAll(`[aria-label^="${begin}"]`)) {
        part.setAttribute('aria-label', translated + part.getAttribute('aria-label').slice(begin.length));
      }
    }
  };

  // What is said about an article (data-of: which, and under which prior) shows beside that article's answer only.
  const hideOutdated = () => {
    const shown = document.querySelector('#answer [data-of]')?.dataset.of ?? '';
    for (const part of document.querySelectorAll('#panels [data-of]')) {
      part.classList.toggle('outdated', !shown.startsWith(part.dataset.of));
    }
  };

  const MAX_LINK = 16000; // characters; programs that pass links on cut longer ones off

  // The names on the map make room for the marks and for one another: each goes to the free place nearest to its own.
  const placeNames = (marks) => {
    const map = marks.getBoundingClientRect(), gap = 2;
    const taken = [...marks.querySelectorAll('.ring, .cross')].map((mark) => mark.getBoundingClientRect());
    for (const name of map.width ? marks.querySelectorAll('.name') : []) {
      const { width, height } = name.getBoundingClientRect();
      const [x, y] = (name.dataset.at ??= `${parseFloat(name.style.left)} ${parseFloat(name.style.top)}`).split(' ');
      const inside = (at, size, whole) => Math.min(Math.max(at, size / 2), whole - size / 2);
      const free = (box) => taken.every((other) => box.right + gap < other.left || other.right + gap < box.left ||
        box.bottom + gap < other.top || other.bottom + gap < box.top);
      for (let n = 0; n < 2000; n++) { // along a spiral
        const cx = inside(x * map.width / 100 + n / 6 * Math.cos(n / 4), width, map.width);
        const cy = inside(y * map.height / 100 + n / 6 * Math.sin(n / 4), height, map.height);
        const left = map.left + cx - width / 2, top = map.top + cy - height / 2;
        const box = { left, top, right: left + width, bottom: top + height };
        if (!free(box)) continue;
        name.style.left = `${100 * cx / map.width}%`;
        name.style.top = `${100 * cy / map.height}%`;
        taken.push(box);
        break;
      }
    }
  };
  const mapSize = new ResizeObserver((seen) => seen.forEach(({ target }) => placeNames(target)));

  // A page that frames this one may let the frame grow: it is told the height of what is in it, and nothing else.
  // Gradio stretches `main` to the height of the window: that is no content, or a frame could never shrink again.
  const CONTENT = 'main > .column';
  const tellHeight = () => {
    const height = (part) => document.querySelector(part).getBoundingClientRect().height;
    parent.postMessage({ articleSpheresHeight: Math.ceil(height('html') - height('main') + height(CONTENT)) }, '*');
  };

  let asked = ['', '', 95, 'coverage', 'arxiv']; // what the boxes hold, for the language links
  const lead = () => {
    for (const link of document.querySelectorAll('.masthead a[lang]'))
      link.href = pageIn(link.lang) + location.search + fragment(...asked);
  };

  // What the boxes hold outlasts a reload and Back: in this entry of the tab's history, which is neither sent nor stored
  // with the site's data. Browsers bear two or three such notes a second.
  // A link followed in this very tab makes an entry of its own, which these boxes must not fill before it is loaded.
  const entry = location.hash;
  const keep = () => { if (location.hash === entry) history.replaceState({ ...history.state, asked }, ''); };
  let keeping;
  const keepSoon = () => { clearTimeout(keeping); keeping = setTimeout(keep, 500); };
  addEventListener('pagehide', keep);

  // An answer whose boxes were edited since says so. `held`: what the boxes held when it was asked for.
  const inBoxes = () => ['title', 'abstract'].map((id) => document.querySelector(`#${id} :is(textarea, input)`)?.value);
  let held = ['', ''], touched = false;
  const markEdited = () => {
    const edited = inBoxes().some((text, n) => text !== held[n]) && document.querySelector('#answer .winner');
    document.getElementById('answer')?.classList.toggle('edited', Boolean(edited));
  };

  window.spheres = {
    // Ctrl+Enter (Cmd+Enter) in the abstract, which classifies; a live region for the summary, which a screen reader
    // speaks when it changes; language links that take the text along.
    ready(labels, edited) {
      document.title = name;
      document.getElementById('answer')?.setAttribute('data-edited', edited);
      for (const id of ['title', 'abstract'])
        document.getElementById(id)?.addEventListener('input', () => { touched = true; markEdited(); });
      relabel(labels);
      const follow = () => {
        relabel(labels);
        hideOutdated();
        for (const marks of document.querySelectorAll('#map .marks')) {
          mapSize.observe(marks); // once each
          if (marks.querySelector('.name:not([data-at])')) placeNames(marks); // new names at an unchanged size
        }
      };
      new MutationObserver(follow)
        .observe(document.body, { childList: true, subtree: true });
      document.getElementById('summary')?.setAttribute('role', 'status');
      if (compact) document.getElementById('answer')?.setAttribute('tabindex', '0'); // it scrolls there
      document.getElementById('abstract')?.addEventListener('keydown', (event) => {
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
          event.preventDefault();
          document.getElementById('classify').click();
        }
      });
      for (const link of document.querySelectorAll('.masthead a[lang]')) {
        link.addEventListener('click', () => kept.set(link.lang));
      }
      lead();
      setTimeout(whole, 50);
      if (parent !== window) new ResizeObserver(tellHeight).observe(document.querySelector(CONTENT));
    },

    // What the boxes held before, or else the link's fragment holds, into boxes and slider; what it lacks stays.
    fromLink(title, abstract, percent, rule, prior) {
      if (!history.state?.asked && location.hash.length < 2) return undefined; // and boxes already typed in stay
      const link = new URLSearchParams(location.hash.slice(1));
      const share = Number.parseFloat(link.get('threshold'));
      const one = (name, values, usual) => values.includes(link.get(name)) ? link.get(name) : usual;
      const shown = share >= 0.5 && share <= 1 ? Math.round(100 * share) : percent;
      asked = history.state?.asked ?? [link.get('title') ?? title, link.get('abstract') ?? abstract, shown,
        one('rule', ['sum', 'coverage'], rule), one('prior', ['arxiv', 'equal'], prior)];
      lead();
      return asked;
    },

    // An example's text for the boxes, which on a phone stand above the button that was tapped.
    fromExample(texts) {
      const question = document.getElementById('question');
      if (question.getBoundingClientRect().top < 0) question.scrollIntoView();
      return texts;
    },

    tooLarge() { return refused; },

    remember(...values) { asked = values; lead(); keepSoon(); },

    // A question is sent with what the boxes hold; its answer is there.
    asking(...values) { // the last two are the time of the question, filled here, and the visit
      held = inBoxes();
      touched = false;
      values[values.length - 2] = Date.now();
      return values;
    },
    answered() {
      if (!touched) held = inBoxes(); // an identifier has brought its article
      asked = [...inBoxes(), ...asked.slice(2)];
      keep();
      markEdited();
      document.getElementById('answered').click();
    },

    // Only while one looks at Why: the page knows that at once, where the server may hear of two tabs in either order.
    explain() { if (document.getElementById('why')?.offsetParent) document.getElementById('explain').click(); },

    // The link to this classification, and the markup that shows it in another page; a sentence where it is too long.
    toShare(tooLong, title, abstract, percent, rule, prior, compact) {
      const held = fragment(title ?? '', abstract ?? '', percent, rule, prior);
      const at = location.origin + pageIn(language);
      if (held.length > MAX_LINK) return ['', '', tooLong];
      const size = compact ? 'width="320" height="480"' : 'width="100%" height="900"';
      const frame = `<iframe src="${escaped(at + (compact ? '?view=compact' : '') + held)}" ${size} style="border:0" ` +
        `title="${escaped(document.title)}" allow="clipboard-write"></iframe>`;
      return [at + held, frame, ''];
    },

    async copy(text, button, said) {
      if (!text) return;
      await copied(text);
      const place = document.getElementById(button);
      place.dataset.said = said;
      place.setAttribute('aria-live', 'polite');
      setTimeout(() => delete place.dataset.said, 1500);
    },
  };
})();
