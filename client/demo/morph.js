/**
 * Makes nodes that are shown equal to nodes that are not, by as few changes as
 * there are: what somebody has selected, or scrolled, stays as it is.
 */

/**
 * Text is changed where it differs: a selection moves only with what goes.
 *
 * @param {CharacterData} node
 * @param {string} text
 */
function write(node, text) {
  const { data } = node;

  if (text.startsWith(data)) {
    if (text.length > data.length) {
      node.appendData(text.slice(data.length));
    }
    return;
  }

  let same = 0;

  while (same < data.length && data[same] === text[same]) {
    same++;
  }
  node.replaceData(same, data.length - same, text.slice(same));
}

/** @param {Element} shown @param {Element} wanted */
function attributes(shown, wanted) {
  for (const { name, value } of wanted.attributes) {
    if (shown.getAttribute(name) !== value) {
      shown.setAttribute(name, value);
    }
  }
  for (const { name } of [...shown.attributes]) {
    if (!wanted.hasAttribute(name)) {
      shown.removeAttribute(name);
    }
  }
}

/**
 * @param {any} shown
 * @param {any} wanted a node that nothing else holds
 * @returns {Node} the one that is there now
 */
export function morph(shown, wanted) {
  if (shown.nodeName !== wanted.nodeName || shown.dataset?.whole !== wanted.dataset?.whole) {
    shown.replaceWith(wanted);
    return wanted;
  }

  if (shown.nodeType === Node.TEXT_NODE) {
    write(shown, wanted.data);

  /* what is whole is either the same or another one, but never changed */
  } else if (shown.dataset?.whole === undefined) {
    attributes(shown, wanted);
    children(shown, wanted);
  }

  return shown;
}

/** @param {Element} shown @param {Element} wanted */
function children(shown, wanted) {
  const nodes = [...wanted.childNodes];
  let at = shown.firstChild;

  for (const node of nodes) {
    if (at) {
      at = morph(at, node).nextSibling;
    } else {
      shown.append(node);
    }
  }

  while (at) {
    const next = at.nextSibling;

    at.remove();
    at = next;
  }
}
