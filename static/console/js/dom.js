/* Small tools every module uses. */

export const $ = (selector, within = document) => within.querySelector(selector);

export const $$ = (selector, within = document) => Array.from(within.querySelectorAll(selector));

/** Listen on the document for events from elements that match, now or later. */
export function on(type, selector, handler, options) {
  document.addEventListener(
    type,
    (event) => {
      const element = event.target instanceof Element ? event.target.closest(selector) : null;
      if (element) handler(event, element);
    },
    options,
  );
}

/** Call back for the page itself and for everything htmx brings in later. */
export function onArrival(callback) {
  callback(document.body);
  document.body.addEventListener("htmx:load", (event) => {
    if (event.target !== document.body) callback(event.target);
  });
}

/** Elements that match within a newly arrived tree, its root included. */
export function arrived(root, selector) {
  const inside = $$(selector, root);
  return root.matches?.(selector) ? [root, ...inside] : inside;
}

/** What this browser remembers. Private windows may forget; nothing depends on it. */
export const memory = {
  get(key) {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  },
  set(key, value) {
    try {
      localStorage.setItem(key, value);
    } catch {
      // Not remembered.
    }
  },
};

/** Sentences the server translated for us; they wait on the toast container. */
export function word(name) {
  return $("#toasts")?.dataset[name] ?? "";
}

/** The value of a design token. */
export function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Run once things have been quiet for a while. */
export function debounced(callback, wait) {
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => callback(...args), wait);
  };
}
