/**
 * Elements without markup in strings.
 */

/**
 * @param {string} tag
 * @param {Record<string, any>} [props] attributes; on… are listeners, hidden
 *   and disabled are properties
 * @param {...(Node | string | null | undefined)} children
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);

  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith('on')) {
      element.addEventListener(name.slice(2), value);
    } else if (typeof value === 'boolean') {
      element.toggleAttribute(name, value);
    } else if (value !== undefined) {
      element.setAttribute(name, value);
    }
  }

  element.append(...children.filter((child) => child != null));

  return element;
}

const SVG = 'http://www.w3.org/2000/svg';

/** @param {string} path */
export function icon(path) {
  const svg = document.createElementNS(SVG, 'svg');
  const shape = document.createElementNS(SVG, 'path');

  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  shape.setAttribute('d', path);
  svg.append(shape);

  return svg;
}

export const ICONS = {
  again: 'M19 12a7 7 0 1 1-2.1-5M19 4v4h-4',
  close: 'M6 6l12 12M18 6L6 18',
  copy: 'M9 9h10v10H9zM5 15V5h10',
  done: 'M5 12.5l4.5 4.5L19 7.5',
  pen: 'M5 19l1-4L16 5l3 3L9 18zM14 7l3 3',
  trash: 'M5 7h14M10 7V5h4v2M7 7l1 12h8l1-12M10 11v4.5M14 11v4.5',
};

/** @param {string} id */
export const byId = (id) => /** @type {any} */ (document.getElementById(id));
