/** Finding elements with the type they must have, so that a slip in index.html is said by name and at once. */

/**
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function byId(id, type) {
  return checked(document.getElementById(id), type, `#${id}`);
}

/**
 * @template {HTMLElement} T
 * @param {HTMLElement} root
 * @param {string} name  of its `data-part`
 * @param {new () => T} type
 * @returns {T}
 */
export function part(root, name, type) {
  return checked(root.querySelector(`[data-part="${name}"]`), type, `#${root.id} [data-part=${name}]`);
}

/**
 * One row of a `dl.facts`.
 * @param {string} term
 * @param {string} value
 */
export function factRow(term, value) {
  const row = document.createElement("div");
  const dt = document.createElement("dt");
  const dd = document.createElement("dd");
  dt.textContent = term;
  dd.textContent = value;
  row.append(dt, dd);
  return row;
}

/**
 * @template {HTMLElement} T
 * @param {Element | null} element
 * @param {new () => T} type
 * @param {string} where
 * @returns {T}
 */
function checked(element, type, where) {
  if (element instanceof type) return element;
  throw new TypeError(`index.html has no ${type.name} at ${where}`);
}
