/**
 * Mounts hooks, with and without StrictMode.
 */

import * as React from 'react';
import * as ReactDOM from 'react-dom';
import { createRoot } from 'react-dom/client';

const { StrictMode, createElement, useEffect } = React;

/* as React 18 still has it: each change is rendered at once */
const legacyRoot = (element) => ({
  render: (props) => ReactDOM.render(props, element),
  unmount: () => ReactDOM.unmountComponentAtNode(element),
});

/* only what the test does itself: updates that come from the socket are
   rendered as they are in a browser */
function act(callback) {
  globalThis.IS_REACT_ACT_ENVIRONMENT = true;
  try {
    React.act(callback);
  } finally {
    globalThis.IS_REACT_ACT_ENVIRONMENT = false;
  }
}

const mounted = new Set();

/**
 * Renders a component that calls the hook. `current` is what it returned
 * last; until() waits for a rendering that fits.
 */
export function renderHook(useHook, { strict = true, legacy = false } = {}) {
  const waiting = new Set();
  const root = (legacy ? legacyRoot : createRoot)(document.createElement('div'));
  let props;
  const it = { current: undefined, renders: 0 };

  function Component({ args }) {
    const value = useHook(...args);

    it.current = value;
    it.renders++;
    useEffect(() => {
      for (const { fits, resolve } of [...waiting]) {
        if (fits(value)) {
          resolve(value);
        }
      }
    });

    return null;
  }

  it.render = (...args) => {
    props = createElement(Component, { args });
    act(() => root.render(strict ? createElement(StrictMode, null, props) : props));
    mounted.add(it);
    return it;
  };

  it.until = (fits) => (fits(it.current) ? Promise.resolve(it.current)
    : new Promise((resolve) => {
      const waiter = { fits, resolve: (value) => { waiting.delete(waiter); resolve(value); } };
      waiting.add(waiter);
    }));

  it.act = (callback) => {
    let result;
    act(() => { result = callback(it.current); });
    return result;
  };

  it.unmount = () => {
    mounted.delete(it);
    act(() => root.unmount());
  };

  return it;
}

export function unmountAll() {
  for (const it of [...mounted]) {
    it.unmount();
  }
}
