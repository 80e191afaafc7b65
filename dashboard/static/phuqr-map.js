// The map of communes in the browser: fetches the borders once, then recolours them in place.
//   phuqr.start(map, url, labels)  once, from the map's own script
//   phuqr.paint(values)            at each choice of the reader
//   phuqr.state()                  what is drawn, for tests
(() => {
  "use strict";

  const INK = "#14213d", BORDER = "#3d4a5c", WHITE = "#ffffff";
  const page = document.documentElement;
  const polygons = new Map();          // code -> L.Polygon
  const painted = new Set();           // codes painted at least once
  let map, group, districts, outline, hover, casing, selection, patterns, note;
  let home, view;                      // bounds of all; what was last fitted, until the reader moves the map
  let values = null, focus = "null";   // the last paint, applied or waiting for the borders
  let ready = false, failed = false, paints = 0, lastPaintMs = null;
  let clicks = Date.now();             // never the same number twice, not even in a frame mounted again

  // TopoJSON: arcs are stored once and delta-encoded; ~i is arc i backwards.
  function decodeArcs({ arcs, transform }) {
    return arcs.map((arc) => {
      const { scale: [kx, ky], translate: [west, south] } = transform;
      let x = 0, y = 0;
      return arc.map(([dx, dy]) => L.latLng((y += dy) * ky + south, (x += dx) * kx + west));
    });
  }

  function stitch(indices, arcs) {
    const ring = [];
    for (const index of indices) {
      const arc = index < 0 ? arcs[~index].slice().reverse() : arcs[index];
      for (let i = ring.length ? 1 : 0; i < arc.length; i++) ring.push(arc[i]);
    }
    return ring;
  }

  const parts = (geometry) => (geometry.type === "Polygon" ? [geometry.arcs] : geometry.arcs);

  // Arcs between communes of two districts, and arcs with nothing on the other side.
  function borders(geometries, arcs) {
    const sides = arcs.map(() => []);
    for (const geometry of geometries)
      for (const index of parts(geometry).flat(2))
        sides[index < 0 ? ~index : index].push(geometry.properties.parent);
    return {
      between: arcs.filter((_, i) => sides[i].some((side) => side !== sides[i][0])),
      outer: arcs.filter((_, i) => sides[i].length === 1),
    };
  }

  // A tile that repeats, drawn at the canvas's own resolution.
  function pattern(size, ground, ink, trace) {
    const ratio = L.Browser.retina ? 2 : 1;
    const tile = document.createElement("canvas");
    tile.width = tile.height = size * ratio;
    const ctx = tile.getContext("2d");
    ctx.scale(ratio, ratio);
    ctx.fillStyle = ground;
    ctx.fillRect(0, 0, size, size);
    ctx.fillStyle = ctx.strokeStyle = ink;
    ctx.lineWidth = 1.1;
    trace(ctx);
    const fill = ctx.createPattern(tile, "repeat");
    fill.setTransform(new DOMMatrix().scale(1 / ratio));
    return fill;
  }

  const makePatterns = () => ({
    out: "#e3e8ee",
    none: pattern(7, WHITE, "#98a4b3", (ctx) => {
      ctx.stroke(new Path2D("M-8 8L1 -1M-1 8L8 -1M6 8L15 -1"));
    }),
    few: pattern(6, "#f3f5f8", "#8290a2", (ctx) => {
      ctx.arc(3, 3, 1.2, 0, 2 * Math.PI);
      ctx.fill();
    }),
  });

  // Lines as wide as asked where communes are large on the screen, thinner where they would hide the colours.
  function thin() {
    const size = map.project(home.getNorthEast()).subtract(map.project(home.getSouthWest()));
    const across = Math.sqrt(Math.abs(size.x * size.y) / (polygons.size || 1));
    const share = Math.min(1, Math.max(0.1, across / 25));
    group.setStyle({ weight: 0.8 * share });
    districts.setStyle({ weight: 1.2 * share });
    outline.setStyle({ weight: 1.6 * share });
  }

  const row = (code) => values?.communes[code] ?? ["none"];

  // Texts come from files: they are set as text, never as HTML.
  function tooltip({ code, name }) {
    const box = L.DomUtil.create("div");
    const [, rate, fraction] = row(code);
    for (const [part, text] of Object.entries({ name, indicator: values?.indicator, rate, fraction }))
      if (text) L.DomUtil.create("div", `phuqr-${part}`, box).textContent = text;
    return box;
  }

  function fit(bounds) {
    const { x, y } = map.getSize();      // nothing in a hidden tab: the resize that shows it comes back here
    if (x > 20 && y > 20) map.fitBounds(bounds, { padding: [10, 10], animate: false });
    view = { bounds, zoom: map.getZoom() };
  }

  function follow(codes) {
    if (JSON.stringify(codes) === focus) return;
    focus = JSON.stringify(codes);
    const bounds = L.latLngBounds([]);
    for (const code of codes ?? []) if (polygons.has(code)) bounds.extend(polygons.get(code).getBounds());
    fit(bounds.isValid() ? bounds : home);
  }

  function draw(topology) {
    const arcs = decodeArcs(topology);
    const geometries = topology.objects.communes.geometries;
    // smoothFactor 0: Leaflet thins each ring by itself, which would open gaps between neighbours.
    const area = { color: WHITE, fillColor: patterns.none, fillOpacity: 1, smoothFactor: 0, renderer: L.canvas() };
    for (const geometry of geometries) {
      const { code, name } = geometry.properties;
      const rings = parts(geometry).map((part) => part.map((ring) => stitch(ring, arcs)));
      polygons.set(code, Object.assign(L.polygon(rings, area), { code, name }));
    }
    group = L.featureGroup([...polygons.values()]).addTo(map);

    // Lines have a canvas of their own, above the colours, which the mouse does not see.
    map.createPane("phuqr-lines").style.cssText = "z-index: 450; pointer-events: none";
    const line = { pane: "phuqr-lines", renderer: L.canvas({ pane: "phuqr-lines" }), interactive: false, fill: false,
      smoothFactor: 0 };
    const { between, outer } = borders(geometries, arcs);
    districts = L.polyline(between, { ...line, color: BORDER }).addTo(map);
    outline = L.polyline(outer, { ...line, color: BORDER }).addTo(map);
    hover = L.polygon([], { ...line, color: INK, weight: 2 }).addTo(map);
    casing = L.polygon([], { ...line, color: WHITE, weight: 5 }).addTo(map);
    selection = L.polygon([], { ...line, color: INK, weight: 2.6 }).addTo(map);
    thin();
    map.on("zoomend", thin);

    group.bindTooltip(tooltip, { sticky: true, className: "phuqr-tooltip", opacity: 1 });
    group.on("mouseover", (event) => hover.setLatLngs(event.propagatedFrom.getLatLngs()));
    group.on("mouseout", () => hover.setLatLngs([]));
    // At once: the library itself waits 250 ms, and with returned_objects=[] then has nothing to say of its own.
    group.on("click", (event) =>
      window.Streamlit?.setComponentValue({ commune: event.propagatedFrom.code, n: ++clicks }));
  }

  function apply() {
    const began = performance.now();
    for (const [code, polygon] of polygons) {
      const colour = patterns[row(code)[0]] ?? values.palette[row(code)[0]];
      if (polygon.options.fillColor !== colour) polygon.setStyle({ fillColor: colour });
      if (code in values.communes) painted.add(code);
    }
    const chosen = polygons.get(values.selected)?.getLatLngs() ?? [];
    casing.setLatLngs(chosen);
    selection.setLatLngs(chosen);
    follow(values.focus);
    if (group.isTooltipOpen()) group.getTooltip().update();
    // Leaflet draws in the next frame and asked for it first: this runs after the drawing.
    L.Util.requestAnimFrame(() => {
      lastPaintMs = performance.now() - began;
      page.dataset.phuqrPaints = ++paints;
    });
  }

  function furnish(labels) {
    const container = map.getContainer();
    page.lang = labels.language;
    // The picture is the pane of the colours: what is inside an img, such as the buttons, cannot be reached.
    for (const [element, role] of [[container, "group"], [map.getPane("overlayPane"), "img"]]) {
      element.setAttribute("role", role);
      element.setAttribute("aria-label", labels.map);
    }
    // Leaflet takes the focus at each click, and Chromium would then show the ring that is meant for the keyboard.
    container.addEventListener("pointerdown", () => container.classList.add("phuqr-pointed"));
    container.addEventListener("blur", () => container.classList.remove("phuqr-pointed"));
    note = L.DomUtil.create("div", "phuqr-message", container);
    note.setAttribute("role", "status");
    L.control.zoom({ zoomInTitle: labels.zoom_in, zoomOutTitle: labels.zoom_out }).addTo(map);
    L.control.scale({ imperial: false }).addTo(map);
    const source = L.control({ position: "bottomright" });
    source.onAdd = () => L.DomUtil.create("div", "leaflet-control-attribution");
    source.addTo(map).getContainer().textContent = labels.source;
  }

  async function start(leafletMap, url, labels) {
    map = leafletMap;
    home = L.latLngBounds(labels.bounds);
    patterns = makePatterns();
    furnish(labels);
    fit(home);
    map.on("dragstart", () => (view = null));
    map.on("resize", () => view?.zoom === map.getZoom() && fit(view.bounds));
    note.textContent = labels.loading;
    try {
      const answer = await fetch(url, { credentials: "same-origin" });
      if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
      draw(await answer.json());
      note.textContent = "";
    } catch (error) {
      failed = true;
      note.textContent = labels.failed;
      console.warn(error);
    }
    ready = !failed;
    if (ready && values) apply();
  }

  window.phuqr = {
    start,
    paint: (next) => {
      values = next;
      if (ready) apply();
    },
    state: () => ({
      ready, failed, communes: polygons.size, painted: painted.size, paints, lastPaintMs,
      selected: values?.selected ?? null,
      classes: Object.fromEntries([...polygons.keys()].map((code) => [code, row(code)[0]])),
    }),
  };
})();
