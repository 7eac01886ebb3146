/**
 * What was written and not sent yet, for each thread, in the browser's storage.
 */

const KEY = 'drafts';

/* the oldest give way */
const KEPT = 50;

/* of a longer one nothing is kept: the storage has room for a few such */
const LONGEST = 100_000;

/** @returns {Record<string, string>} */
function read() {
  try {
    const drafts = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    return typeof drafts === 'object' && drafts ? drafts : {};
  } catch {
    return {};
  }
}

/** @param {string} id a thread's */
export function draftOf(id) {
  const draft = read()[id];
  return typeof draft === 'string' ? draft : '';
}

/** @param {string} id @param {string} written */
export function keepDraft(id, written) {
  const text = written.length > LONGEST ? '' : written;

  /* another tab may have written since; the last one that changed is the newest */
  const { [id]: before, ...others } = read();

  if ((before ?? '') === text) {
    return;
  }

  const drafts = Object.entries(text ? { ...others, [id]: text } : others);

  try {
    localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(drafts.slice(-KEPT))));
  } catch {
    /* no storage, or no room in it: it lasts as long as the page */
  }
}
