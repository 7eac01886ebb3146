/**
 * The page: which thread is shown, the message box, the list of threads.
 */

import { newRequestId } from '../src/index.js';
import { byId, h, icon, ICONS } from './dom.js';
import { deleteHistory } from './history.js';
import { StatusDisplay } from './status.js';
import { Threads } from './threads.js';
import { View } from './view.js';

const SUGGESTIONS = [
  'What is a WebSocket, in three sentences?',
  'Write a haiku about a patient server.',
  'Compare polling, SSE and WebSockets in a table.',
];

const layout = /** @type {HTMLElement} */ (document.querySelector('.layout'));
const [transcript, scroller, input, form, sendButton, stopButton, jump, announcer] =
  ['transcript', 'scroller', 'input', 'composer', 'send', 'stop', 'jump', 'announcer']
    .map(byId);

const threads = new Threads();

/** views that are not shown but still wait for an answer, by thread */
/** @type {Map<string, View>} */
const background = new Map();

/** @type {View} */
let view;

/* live regions */

/** @param {string} text */
function announce(text) {
  /* the same words twice are to be said twice */
  announcer.replaceChildren(h('p', {}, text));
}

/* the thread that is shown */

const status = new StatusDisplay({
  onRetry: () => view.reconnect(),
  onHidden: () => focusInput(),
  announce,
});

/** @type {import('./view.js').Host} */
const host = {
  threads,
  onState: (it) => it === view && status.show(it.state),
  onBusy: (it) => {
    if (it === view) {
      showBusy();
    } else if (!it.busy) {
      background.delete(it.id);
    }
    listThreads();
  },
  onGrown: (it) => it === view && followEnd(),
  onText: (it, text, always) => {
    if (it === view && (always || !input.value.trim())) {
      setInput(text);
      input.focus();
    }
  },
  announce: (it, text) => it === view && announce(text),
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
  status.show(view.state);
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
  focusInput();
}

/** @param {string} id */
function openThread(id) {
  history.pushState(null, '', `#${id}`);
  show(id);
  toggleSidebar(false);
  focusInput();
}

function welcome() {
  return h('div', { class: 'welcome' },
    h('h2', {}, 'What would you like to know?'),
    h('p', {}, 'This thread has one connection of its own. It stays open while you look at it.'),
    h('ul', {}, ...SUGGESTIONS.map((text) => h('li', {}, h('button', {
      type: 'button',
      onclick: () => {
        send(text);
        focusInput();
      },
    }, text)))));
}

function showBusy() {
  if (!view.busy && document.activeElement === stopButton) {
    focusInput();
  }
  stopButton.hidden = !view.busy;
  sendButton.disabled = !input.value.trim();

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

/* the message box */

/* not where that would raise a keyboard on the screen, unasked: there to what
   is to be read, unless nothing has been touched yet */
function focusInput() {
  if (!matchMedia('(pointer: coarse)').matches) {
    input.focus();
  } else if (navigator.userActivation?.hasBeenActive) {
    scroller.focus();
  }
}

/** @param {string} text */
function setInput(text) {
  input.value = text;
  resizeInput();
  sendButton.disabled = !text.trim();
}

function resizeInput() {
  if (!CSS.supports('field-sizing', 'content')) {
    input.style.height = 'auto';
    input.style.height = `${input.scrollHeight}px`;
  }
}

/** @param {string} text */
function send(text) {
  if (text.trim()) {
    setInput('');
    following = true;
    view.send(text);
    announce('Sent. The answer is under way.');
  }
}

form.addEventListener('submit', (/** @type {Event} */ event) => {
  event.preventDefault();
  send(input.value);
  if (document.activeElement === sendButton) {
    focusInput();
  }
});

input.addEventListener('input', () => setInput(input.value));

input.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
  if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
});

/* the address names the thread: a step to the box must not change it */
byId('skip').addEventListener('click', (/** @type {Event} */ event) => {
  event.preventDefault();
  toggleSidebar(false);
  input.focus();
});

stopButton.addEventListener('click', () => {
  view.stop();
  input.focus();
});

document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && !event.defaultPrevented && !event.isComposing
    && !byId('delete-dialog').open) {
    if (layout.classList.contains('open')) {
      closeSidebar();
    } else {
      view.stop();
    }
  }
});

/* a notice that goes with its button must not take the focus with it */
transcript.addEventListener('click', (/** @type {any} */ event) => {
  if (event.target.closest('.notice-buttons') && document.activeElement !== input) {
    focusInput();
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
  input.focus();
});

new ResizeObserver(followEnd).observe(scroller);

/* the list of threads */

function listThreads() {
  const list = byId('threads');
  const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset.key;

  list.replaceChildren(...threads.list.map(({ id, title }) => {
    const busy = (view?.id === id ? view : background.get(id))?.busy;

    return h('li', {},
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
      h('span', { class: 'thread-title' }, title),
      busy ? h('span', { class: 'busy', role: 'img', 'aria-label': 'answering' }) : null),
      h('button', {
        class: 'icon-button delete', type: 'button', 'data-key': `delete ${id}`,
        'aria-label': `Delete ${title}`, title: 'Delete',
        onclick: () => askToDelete(id, title),
      }, icon(ICONS.trash)));
  }));

  byId('no-threads').hidden = threads.list.length > 0;

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
    } catch {
      /* where another is asked for by now, that one first */
      if (dialog.open) {
        announce(`“${title}” could not be deleted.`);
      } else {
        askToDelete(id, title, 'It could not be deleted; trying again can help. ');
      }
      return;
    }

    (view.id === id ? view : background.get(id))?.close();
    background.delete(id);
    threads.remove(id);
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

const wanted = threadOfAddress();

if (wanted) {
  show(wanted);
  focusInput();
} else {
  newThread(true);
}
