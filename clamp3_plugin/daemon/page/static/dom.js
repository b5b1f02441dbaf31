// Elements from values. Text only ever becomes text: nothing here, or anywhere, parses HTML.

/** Make an element: `h("button", {class: "x", onclick: f}, "Play")`. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  set(element, properties);
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
}

/** Set attributes and listeners; null, undefined and false take an attribute away. */
export function set(element, properties) {
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") element[name] = value;
    else if (value == null || value === false) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? "" : value);
  }
}

const SHAPES = {
  search: "M10.5 4a6.5 6.5 0 1 0 0 13a6.5 6.5 0 0 0 0-13M15.5 15.5L20 20",
  play: "M8 5.5v13l10.5-6.5z",
  pause: "M8 5.5v13M16 5.5v13",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  close: "M6 6l12 12M18 6L6 18",
  file: "M13 3.5H7A1.5 1.5 0 0 0 5.5 5v14A1.5 1.5 0 0 0 7 20.5h10a1.5 1.5 0 0 0 1.5-1.5V9zM13 3.5V9h5.5",
  mic: "M12 4a2.5 2.5 0 0 1 2.5 2.5v5a2.5 2.5 0 0 1-5 0v-5A2.5 2.5 0 0 1 12 4M6.5 11.5a5.5 5.5 0 0 0 11 0M12 17v3.5",
  keys: "M4 5.5h16v13H4zM9.3 5.5v8M14.7 5.5v8M9.3 13.5v5M14.7 13.5v5",
  filter: "M4 7h16M7 12h10M10 17h4",
  tag: "M4 4.5h7.5l8 8-7 7-8.5-8zM8 8.5h.01",
  save: "M12 4v11M7.5 11l4.5 4.5 4.5-4.5M5 19.5h14",
  score: "M4 7h16M4 11h16M4 15h16M9 16.5a1.8 1.4 0 1 1-.01 0M10.8 16V6.5",
  performance: "M4 7h6M11 11h7M6 15h5M15 16h5",
  audio: "M4 10.5v3M7 8v8M10 5v14M13 9v6M16 6.5v11M19 10.5v3",
  sun: "M12 8a4 4 0 1 0 0 8a4 4 0 0 0 0-8M12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21M5.6 5.6l1.1 1.1M17.3 17.3l1.1 1.1M5.6 18.4l1.1-1.1M17.3 6.7l1.1-1.1",
  moon: "M19.5 14A8 8 0 0 1 10 4.5a8 8 0 1 0 9.5 9.5",
  half: "M12 4a8 8 0 1 0 0 16a8 8 0 0 0 0-16M12 4v16M12 8h5M12 12h8M12 16h5",
  folder: "M3.5 6.5h6l2 2.5h9v10h-17z",
  wand: "M5 19L15 9M13 4.5v3M11.5 6h3M18.5 9v3M17 10.5h3",
};

/** Draw one of the page's signs; it says nothing to those who cannot see it. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  set(svg, { viewBox: "0 0 24 24", class: `icon icon-${name}`, "aria-hidden": "true" });
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", SHAPES[name]);
  svg.append(path);
  return svg;
}

/** A button that shows a sign and says a word. */
export function iconButton(name, label, onclick, more = {}) {
  return h("button", { type: "button", class: "icon-button", "aria-label": label, title: label, onclick, ...more }, icon(name));
}
