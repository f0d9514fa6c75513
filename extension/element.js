/*
 * Elements from words: whatever comes from outside becomes text, never markup.
 */

/* A new element. properties: of the element, or attributes where the name has a "-" or is "role" or "for"; children: nodes,
 * texts, or what is left out (null, undefined, false). */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role") made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/* Text of somebody else's, whose direction stays its own. */
export function foreign(text, className = "") {
  return element("bdi", { className }, text);
}

export function button(text, className, onclick, properties = {}) {
  return element("button", { type: "button", className, onclick, ...properties }, text);
}
