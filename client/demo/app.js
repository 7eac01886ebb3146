/**
 * The page: which thread is shown, the message box, the list of threads.
 */

import { newRequestId } from '../src/index.js';
import { announce } from './announce.js';
import { Composer, composing } from './composer.js';
import { byId, h, icon, ICONS } from './dom.js';
import { draftOf, keepDraft } from './drafts.js';
import { deleteHistory } from './history.js';
import { StatusDisplay } from './status.js';
import { dayOf, refusal, textOf } from './texts.js';
import { Threads } from './threads.js';
import { View } from './view.js';

/* the demo agent knows what is meant by each of them */
const SUGGESTIONS = [
  'Show me code, a table and mathematics.',
  'Think, use a tool, then ask me before you act.',
  'Tell me something slowly, so that I can stop you.',
];

const layout = /** @type {HTMLElement} */ (document.querySelector('.layout'));
const [transcript, scroller, stopButton, jump] =
  ['transcript', 'scroller', 'stop', 'jump'].map(byId);

const threads = new Threads();

/** views that are not shown but still wait for an answer, by thread */
/** @type {Map<string, View>} */
const background = new Map();

/** @type {View} */
let view;

/* the thread that is shown */

const composer = new Composer((content, edits) => send(content, edits));

const status = new StatusDisplay({
  onRetry: () => view.reconnect(),
  onHidden: () => composer.focus(),
  announce,
});

/** @type {import('./view.js').Host} */
const host = {
  threads,
  onState: (it) => it === view && status.show(it.state, it.refused),
  onBusy: (it) => {
    if (it === view) {
      showBusy();
    } else if (!it.busy) {
      background.delete(it.id);
    }
    listThreads();
    if (!it.busy && it.loaded) {
      threads.sync();
    }
  },
  onGrown: (it) => it === view && followEnd(),
  onText: (it, content, edits) => {
    if (it !== view) {
      keepDraft(it.id, draftOf(it.id) || textOf(content));
    } else if (edits) {
      composer.edit(content, edits);
    } else if (edits === null) {
      composer.content = content;
      composer.enter();
    } else if (composer.empty && !composer.editing) {
      composer.content = content;
      composer.focus();
    }
  },
  announce: (it, ...texts) => it === view && announce(...texts),
};

const threadOfAddress = () => {
  const id = location.hash.slice(1);
  return /^[\w.~-]{1,128}$/.test(id) ? id : null;
};

/** @param {string} id @param {boolean} [fresh] */
function show(id, fresh = false) {
  if (view?.id === id) {
    return;
  }

  if (view) {
    view.leave();
    if (!view.closed) {
      background.set(view.id, view);
    }
  }

  view = background.get(id) ?? new View(id, host, fresh);
  background.delete(id);
  view.enter();

  transcript.replaceChildren(view.element);
  following = true;
  status.show(view.state, view.refused);
  composer.open(id);
  showBusy();
  listThreads();
  followEnd();
}

/** @param {boolean} [replace] instead of a step in the browser's history */
function newThread(replace = false) {
  const id = newRequestId();

  history[replace ? 'replaceState' : 'pushState'](null, '', `#${id}`);
  show(id, true);
  toggleSidebar(false);
  composer.focus();
}

/** @param {string} id */
function openThread(id) {
  history.pushState(null, '', `#${id}`);
  show(id);
  toggleSidebar(false);
  composer.focus();
}

function welcome() {
  return h('div', { class: 'welcome' },
    h('h2', {}, 'What would you like to know?'),
    h('p', {}, 'Each thread has one connection of its own, which carries all of its messages.'),
    h('ul', {}, ...SUGGESTIONS.map((text) => h('li', {}, h('button', {
      type: 'button',
      onclick: () => {
        send(text);
        composer.focus();
      },
    }, text)))));
}

function showBusy() {
  if (!view.busy && document.activeElement === stopButton) {
    composer.focus();
  }
  stopButton.hidden = !view.busy;

  const shown = transcript.querySelector('.welcome');

  if (view.empty && view.loaded && !view.element.hasChildNodes()) {
    if (!shown) {
      transcript.append(welcome());
    }
  } else {
    shown?.remove();
  }

  const title = threads.get(view.id)?.title ?? 'New thread';

  byId('title').textContent = title;
  document.title = `${view.busy ? '… ' : ''}${title}`;
}

/**
 * @param {import('../src/index.js').Content} content
 * @param {string | null} [edits]
 */
function send(content, edits) {
  following = true;
  view.send(content, edits ? { replaces: edits } : {});
  announce('Sent. The answer is under way.');
}

/* the address names the thread: a step to the box must not change it */
byId('skip').addEventListener('click', (/** @type {Event} */ event) => {
  event.preventDefault();
  toggleSidebar(false);
  composer.enter();
});

stopButton.addEventListener('click', () => {
  view.stop();
  composer.focus();
});

document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && !event.defaultPrevented && !composing(event)
    && !document.querySelector('dialog[open]')) {
    if (layout.classList.contains('open')) {
      closeSidebar();
    } else if (composer.editing) {
      composer.leaveEdit();
    } else {
      view.stop();
    }
  }
});

/* a notice that goes with its button must not take the focus with it */
transcript.addEventListener('click', (/** @type {any} */ event) => {
  if (event.target.closest('.notice-buttons')
    && document.activeElement?.id !== 'input') {
    composer.focus();
  }
});

/* following the end of the conversation */

let following = true;

function followEnd() {
  if (following) {
    scroller.scrollTop = scroller.scrollHeight;
  }
  showJump();
}

function showJump() {
  jump.hidden = following
    || scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 80;
}

scroller.addEventListener('scroll', () => {
  following = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 40;
  showJump();
}, { passive: true });

jump.addEventListener('click', () => {
  following = true;
  followEnd();
  composer.focus();
});

/* also what grows by itself, as formulas do when they are laid out */
const resized = new ResizeObserver(followEnd);

resized.observe(scroller);
resized.observe(transcript);

/* the list of threads */

function listThreads() {
  const list = byId('threads');
  const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset.key;

  const wanted = byId('search').value.trim().toLowerCase();
  const found = threads.list.filter(({ title }) => title.toLowerCase().includes(wanted));
  let last = '';

  list.replaceChildren(...found.flatMap(({ id, title, updated }) => {
    const busy = (view?.id === id ? view : background.get(id))?.busy;
    const day = dayOf(updated);
    const heading = day === last ? [] : [h('li', { class: 'day' }, day)];

    last = day;
    return [...heading, h('li', {},
      h('a', {
        class: 'thread', href: `#${id}`, 'data-key': `open ${id}`,
        'aria-current': view?.id === id ? 'page' : undefined,
        onclick: (/** @type {MouseEvent} */ event) => {
          if (!event.ctrlKey && !event.metaKey && !event.shiftKey) {
            event.preventDefault();
            openThread(id);
          }
        },
      },
      h('span', { class: 'thread-title', dir: 'auto' }, title),
      busy ? h('span', { class: 'busy', role: 'img', 'aria-label': 'answering' }) : null),
      h('button', {
        class: 'icon-button act rename', type: 'button', 'data-key': `rename ${id}`,
        'aria-label': `Rename ${title}`, title: 'Rename',
        onclick: () => askForTitle(id, title),
      }, icon(ICONS.pen)),
      h('button', {
        class: 'icon-button act delete', type: 'button', 'data-key': `delete ${id}`,
        'aria-label': `Delete ${title}`, title: 'Delete',
        onclick: () => askToDelete(id, title),
      }, icon(ICONS.trash)))];
  }));

  byId('search').hidden = threads.list.length < 2 && !wanted;
  byId('no-threads').hidden = found.length > 0;
  byId('no-threads').textContent = wanted ? 'No title has that in it.'
    : 'Your threads will be listed here.';

  /* a list that is drawn anew keeps the focus where it was */
  if (focused) {
    (list.querySelector(`[data-key="${CSS.escape(focused)}"]`)
      ?? byId('new-thread')).focus();
  }
}

threads.addEventListener('change', () => {
  listThreads();
  if (view) {
    showBusy();
  }
});

byId('search').addEventListener('input', listThreads);

/* what other devices have done meanwhile */
document.addEventListener('visibilitychange', () => document.hidden || threads.sync());

/** @param {string} id @param {string} title @param {string} [failed] */
function askForTitle(id, title, failed = '') {
  const dialog = byId('rename-dialog');
  const input = byId('rename-input');

  byId('rename-failed').textContent = failed;
  byId('rename-failed').hidden = !failed;
  input.value = title;
  /* Enter is the first button, else */
  dialog.returnValue = 'keep';
  dialog.addEventListener('close', async () => {
    const wanted = input.value.trim();

    if (dialog.returnValue !== 'rename' || !wanted || (wanted === title && !failed)) {
      return;
    }
    try {
      await threads.rename(id, wanted);
      announce('Renamed.');
    } catch {
      askForTitle(id, wanted, 'It could not be renamed. A shorter title can help, or trying again.');
    }
  }, { once: true });
  dialog.showModal();
  input.select();
}

byId('rename-input').addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
  if (event.key === 'Enter' && !composing(event)) {
    event.preventDefault();
    byId('rename-save').click();
  }
});

/**
 * @param {string} id
 * @param {string} title
 * @param {string} [failed] what became of the last attempt
 */
function askToDelete(id, title, failed = '') {
  const dialog = byId('delete-dialog');

  byId('delete-text').textContent =
    `${failed}“${title}” and its history on the server will be gone for good.`;
  dialog.returnValue = 'keep';
  dialog.addEventListener('close', async () => {
    if (dialog.returnValue !== 'delete') {
      return;
    }
    try {
      await deleteHistory(id);
    } catch (error) {
      const refused = refusal(/** @type {any} */ (error).status, 'its deletion');

      /* where another is asked for by now, that one first */
      if (dialog.open) {
        announce(`“${title}” could not be deleted.`);
      } else {
        askToDelete(id, title, refused ? `It was not deleted. ${refused.title} ${refused.advice} `
          : 'It could not be deleted; trying again can help. ');
      }
      return;
    }

    (view.id === id ? view : background.get(id))?.close();
    background.delete(id);
    threads.remove(id);
    keepDraft(id, '');
    announce('The thread was deleted.');
    if (view.id === id) {
      newThread(true);
    }
  }, { once: true });
  dialog.showModal();
}

byId('new-thread').addEventListener('click', () => newThread());

/* the list as a drawer, on a narrow page */

const narrow = matchMedia('(max-width: 760px)');

/** @param {boolean} open */
function toggleSidebar(open) {
  layout.classList.toggle('open', open && narrow.matches);
  byId('sidebar').inert = narrow.matches && !open;
  byId('chat').inert = narrow.matches && open;
  byId('sidebar-open').setAttribute('aria-expanded', String(open));
}

narrow.addEventListener('change', () => toggleSidebar(false));

byId('sidebar-open').addEventListener('click', () => {
  toggleSidebar(true);
  byId('sidebar-close').focus();
});

function closeSidebar() {
  toggleSidebar(false);
  byId('sidebar-open').focus();
}

for (const id of ['sidebar-close', 'scrim']) {
  byId(id).addEventListener('click', closeSidebar);
}

/* the appearance */

const THEME = 'theme';

/** @param {string} theme */
function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  document.querySelector('meta[name=color-scheme]')
    ?.setAttribute('content', theme === 'auto' ? 'light dark' : theme);
}

byId('theme').addEventListener('change', (/** @type {any} */ event) => {
  setTheme(event.target.value);
  try {
    localStorage.setItem(THEME, event.target.value);
  } catch {
    /* it lasts as long as the page */
  }
});

try {
  const theme = localStorage.getItem(THEME) ?? 'auto';
  const choice = document.querySelector(`input[name=theme][value="${CSS.escape(theme)}"]`);

  if (choice instanceof HTMLInputElement) {
    choice.checked = true;
    setTheme(theme);
  }
} catch {
  /* no storage: as the system has it */
}

/* begin */

window.addEventListener('popstate', () => {
  const id = threadOfAddress();
  if (id) {
    show(id);
  }
});

toggleSidebar(false);
threads.sync();

const wanted = threadOfAddress();

if (wanted) {
  show(wanted);
  composer.focus();
} else {
  newThread(true);
}
