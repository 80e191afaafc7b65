// What stands on the map besides its colours: caption, scale, source, the key of the circles, islands, and a search field.
//   phuqr.furniture.start(map, labels, tell)   once
//   phuqr.furniture.show(values, world)        at each painting
window.phuqr = window.phuqr || {};
phuqr.furniture = (() => {
  "use strict";

  const MOST = 8;                      // places found at most
  let map, labels, tell, caption, source, sizes, world = null;

  function corner(position, className) {
    const control = L.control({ position });
    control.onAdd = () => L.DomUtil.create("div", className);
    const element = control.addTo(map).getContainer();
    L.DomEvent.disableClickPropagation(element);
    return element;
  }

  // Texts come from files: they are set as text, never as HTML.
  function write(parent, tag, className, text) {
    if (text) L.DomUtil.create(tag, className, parent).textContent = text;
  }

  function showCaption(given) {
    caption.replaceChildren();
    caption.hidden = !given;
    if (!given) return;
    write(caption, "b", "", given.title);
    for (const line of given.lines ?? []) write(caption, "span", "", line);
    write(caption, "small", "", given.definition);
  }

  // How much of the top the caption takes, so that what is shown lies below it; not more than a third.
  function captionHeight(height) {
    return caption.hidden ? 0 : Math.min(caption.offsetHeight, height / 3);
  }

  const round = (count) => {
    const step = 10 ** Math.floor(Math.log10(count));
    return Math.max(1, [5, 2, 1].map((n) => n * step).find((n) => n <= count));
  };

  function showSizes(given) {
    sizes.replaceChildren();
    sizes.hidden = !given;
    if (!given) return;
    write(sizes, "b", "", given.title);
    const format = new Intl.NumberFormat(labels.language);
    const counts = [...new Set([round(given.largest / 20 || 1), round(given.largest)])];
    for (const count of counts) {
      const size = 2 * Math.max(1.2, given.widest * Math.sqrt(count / given.largest));
      const circle = L.DomUtil.create("i", "", sizes);
      circle.style.width = circle.style.height = `${size}px`;
      write(sizes, "span", "", format.format(count));
    }
  }

  // Islands are dots with the name of their archipelago; from near each has its own.
  function drawIslands() {
    const canvas = L.canvas({ pane: "phuqr-lines" }), names = L.layerGroup();
    const label = (at, text, className) => {
      const html = L.DomUtil.create("span");
      html.textContent = text;
      return L.marker(at, { interactive: false, keyboard: false, icon: L.divIcon({ className, html, iconSize: null }) });
    };
    for (const { name, at, islands } of labels.islands ?? []) {
      label(at, name, "phuqr-island phuqr-archipelago").addTo(map);
      for (const [island, lat, lng] of islands) {
        L.circleMarker([lat, lng], { pane: "phuqr-lines", renderer: canvas, interactive: false, radius: 1.8, weight: 1,
          color: "#14213d", fill: true, fillColor: "#14213d", fillOpacity: 1 }).addTo(map);
        label([lat, lng], island, "phuqr-island").addTo(names);
      }
    }
    const near = () => map[map.getZoom() >= 9 ? "addLayer" : "removeLayer"](names);
    map.on("zoomend", near);
    near();
  }

  // As typed without marks, and đ as d.
  const fold = (text) =>
    text.normalize("NFD").replace(/\p{M}/gu, "").replace(/[đĐ]/g, "d").toLowerCase().replace(/\s+/g, " ").trim();

  function places() {
    if (!world.found) {
      const above = Object.entries(world.above).map(([code, [name, parent]]) =>
        ({ unit: code, name, within: world.above[parent]?.[0] ?? "" }));
      const communes = world.order.map(({ code, name, parent }) =>
        ({ commune: code, name, within: world.above[parent]?.[0] ?? "" }));
      world.found = [...above, ...communes].map((place) => ({ ...place, folded: fold(`${place.name} ${place.within}`) }));
    }
    return world.found;
  }

  function find(typed) {
    const words = fold(typed).split(" ").filter(Boolean);
    if (!words.length || !world) return [];
    const fits = places().filter(({ folded }) => words.every((word) => folded.includes(word)));
    const rank = ({ name }) => (fold(name).endsWith(words.join(" ")) ? 0 : 1);
    return fits.sort((a, b) => rank(a) - rank(b)).slice(0, MOST);
  }

  function furnishSearch() {
    const box = corner("topright", "phuqr-search leaflet-bar");
    const field = L.DomUtil.create("input", "", box);
    const list = L.DomUtil.create("ul", "", box);
    Object.assign(field, { type: "search", placeholder: labels.search, autocomplete: "off" });
    for (const [name, value] of Object.entries({ "aria-label": labels.search, role: "combobox", "aria-expanded": "false",
      "aria-controls": "phuqr-found", "aria-autocomplete": "list" })) field.setAttribute(name, value);
    list.id = "phuqr-found";
    list.setAttribute("role", "listbox");
    let found = [], at = -1;
    const close = () => {
      list.replaceChildren();
      field.setAttribute("aria-expanded", "false");
      field.removeAttribute("aria-activedescendant");
      [found, at] = [[], -1];
    };
    const go = ({ unit, commune }) => {
      tell(commune ? { commune, near: true } : { unit });
      field.value = "";
      close();
    };
    const mark = (next) => {
      list.children[at]?.setAttribute("aria-selected", "false");
      at = (next + found.length) % found.length;
      list.children[at].setAttribute("aria-selected", "true");
      field.setAttribute("aria-activedescendant", list.children[at].id);
    };
    field.addEventListener("input", () => {
      close();
      found = find(field.value);
      if (!field.value.trim()) return;
      field.setAttribute("aria-expanded", "true");
      if (!found.length) write(list, "li", "phuqr-nothing", labels.nothing_found);
      found.forEach((place, number) => {
        const item = L.DomUtil.create("li", "", list);
        item.id = `phuqr-found-${number}`;
        item.setAttribute("role", "option");
        write(item, "b", "", place.name);
        write(item, "span", "", place.within);
        item.addEventListener("pointerdown", (event) => (event.preventDefault(), go(place)));
      });
    });
    field.addEventListener("keydown", (event) => {
      if (event.key === "Escape") close();
      if (!found.length) return;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        mark(at + (event.key === "ArrowDown" ? 1 : at < 0 ? 0 : -1));
      }
      if (event.key === "Enter") go(found[Math.max(at, 0)]);
    });
    field.addEventListener("blur", close);
    L.DomEvent.disableScrollPropagation(list);
    // Leaflet would take arrows and + from the field.
    L.DomEvent.on(field, "keydown keyup keypress", L.DomEvent.stopPropagation);
  }

  function start(leafletMap, texts, say) {
    [map, labels, tell] = [leafletMap, texts, say];
    caption = corner("topleft", "phuqr-caption");
    caption.hidden = true;
    if (labels.search) furnishSearch();
    L.control.zoom({ position: "topright", zoomInTitle: labels.zoom_in, zoomOutTitle: labels.zoom_out }).addTo(map);
    L.control.scale({ imperial: false }).addTo(map);
    sizes = corner("bottomleft", "phuqr-sizes");
    sizes.hidden = true;
    source = corner("bottomright", "leaflet-control-attribution");
    drawIslands();
  }

  function show(values, shown) {
    world = shown;
    source.textContent = [values.source, labels.base?.credit].filter(Boolean).join(" · ");
    showCaption(values.caption);
  }

  return {
    start, show, showSizes, captionHeight, find,
    state: () => ({
      caption: caption?.innerText ?? "", source: source?.textContent ?? "",
    }),
  };
})();
