/* The page's own script. It stands in the page's head and runs before Gradio's, which asks the browser for its language
   and loads the words of its own parts by it. The page's language is the last part of its address: "" or "ru". */
(() => {
  const { lang: language, dataset: { languages, busy } } = document.currentScript; // web/page.py has them put there
  const others = languages.split(' ').slice(1); // the first is at home
  const home = location.pathname.replace(new RegExp(`/(${others.join('|')})/?$`), '/').replace(/\/?$/, '/');
  const pageIn = (code) => home + (code === languages.split(' ')[0] ? '' : code);
  const kept = { get: () => { try { return localStorage.getItem('language'); } catch { return null; } },
                 set: (code) => { try { localStorage.setItem('language', code); } catch { /* a frame may have none */ } } };

  // By choice, else by the browser's language; only from home: an address that names a language means it.
  const wanted = kept.get() || (navigator.languages || [navigator.language])
    .map((name) => name.slice(0, 2)).find((code) => languages.split(' ').includes(code));
  if (language === languages.split(' ')[0] && others.includes(wanted)) {
    location.replace(pageIn(wanted) + location.search + location.hash);
  }
  Object.defineProperty(navigator, 'language', { get: () => language });
  Object.defineProperty(navigator, 'languages', { get: () => [language] });
  document.documentElement.lang = language;
  const compact = new URLSearchParams(location.search).get('view') === 'compact';
  document.documentElement.classList.toggle('compact', compact);

  // A full queue, in the page's language: for 503 Gradio has a sentence of its own, in English only.
  const ask = window.fetch;
  window.fetch = async (...request) => {
    const answer = await ask(...request);
    return answer.status === 503 ? Response.json({ detail: busy }, { status: 429 }) : answer;
  };
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

  let asked = ['', '', 95, 'coverage', 'arxiv']; // what the boxes hold, for the language links
  const lead = () => {
    for (const link of document.querySelectorAll('.masthead a[lang]'))
      link.href = pageIn(link.lang) + location.search + fragment(...asked);
  };

  window.spheres = {
    // Ctrl+Enter (Cmd+Enter) in the abstract, which classifies; a live region for the summary, which a screen reader
    // speaks when it changes; language links that take the text along.
    ready(name, labels) {
      document.title = name;
      relabel(labels);
      new MutationObserver(() => relabel(labels)).observe(document.body, { childList: true, subtree: true });
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
    },

    // What the link's fragment holds, into boxes and slider; what it lacks stays as it is.
    fromLink(title, abstract, percent, rule, prior) {
      const held = new URLSearchParams(location.hash.slice(1));
      const share = Number.parseFloat(held.get('threshold'));
      const one = (name, values, usual) => values.includes(held.get(name)) ? held.get(name) : usual;
      asked = [held.get('title') ?? title, held.get('abstract') ?? abstract, share >= 0.5 && share <= 1 ? Math.round(100 * share) : percent,
        one('rule', ['sum', 'coverage'], rule), one('prior', ['arxiv', 'equal'], prior)];
      lead();
      return asked;
    },

    remember(...values) { asked = values; lead(); },

    // The link to this classification, and the markup that shows it in another page.
    toShare(title, abstract, percent, rule, prior, compact) {
      const held = fragment(title ?? '', abstract ?? '', percent, rule, prior);
      const at = location.origin + pageIn(language);
      const size = compact ? 'width="320" height="480"' : 'width="100%" height="900"';
      const frame = `<iframe src="${escaped(at + (compact ? '?view=compact' : '') + held)}" ${size} style="border:0" ` +
        `title="${escaped(document.title)}" allow="clipboard-write"></iframe>`;
      return [at + held, frame];
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
