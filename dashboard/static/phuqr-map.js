// The map of communes in the browser: fetches borders once, then recolours them in place.
//   phuqr.start(map, labels)  once, from the map's own script
//   phuqr.paint(values)       at each choice of the reader
//   phuqr.state()             what is drawn, for tests
(() => {
  "use strict";

  const INK = "#14213d", BORDER = "#3d4a5c", WHITE = "#ffffff";
  const OTHERS = { n: "none", f: "few", o: "out" }, MARKS = { l: "lagging", w: "watch" };
  const page = document.documentElement;
  const worlds = new Map();            // address of borders -> the layers made of them, or a promise of them
  const fills = new Map();             // colour and mark -> what to fill with
  let map, labels, hover, casing, selection, circles, note, overlay;
  let world = null, view = null, values = null;
  let failed = false, reported = false, paints = 0, lastPaintMs = null;
  let clicks = Date.now();             // never the same number twice, not even in a frame mounted again

  // A tile that repeats, drawn at the canvas's own resolution.
  function pattern(size, ground, trace) {
    const ratio = L.Browser.retina ? 2 : 1;
    const tile = document.createElement("canvas");
    tile.width = tile.height = size * ratio;
    const ctx = tile.getContext("2d");
    ctx.scale(ratio, ratio);
    ctx.fillStyle = ground;
    ctx.fillRect(0, 0, size, size);
    trace(ctx);
    const fill = ctx.createPattern(tile, "repeat");
    fill.setTransform(new DOMMatrix().scale(1 / ratio));
    return fill;
  }

  function stroke(ctx, ink, width, path) {
    ctx.strokeStyle = ink;
    ctx.lineWidth = width;
    ctx.stroke(new Path2D(path));
  }

  const grounds = {
    out: () => "#e3e8ee",
    none: () => pattern(7, WHITE, (ctx) => stroke(ctx, "#98a4b3", 1.1, "M-8 8L1 -1M-1 8L8 -1M6 8L15 -1")),
    few: () => pattern(6, "#f3f5f8", (ctx) => {
      ctx.fillStyle = "#8290a2";
      ctx.arc(3, 3, 1.2, 0, 2 * Math.PI);
      ctx.fill();
    }),
  };
  // Ink with white beside it: seen on any colour.
  const marks = {
    lagging: (ground) => pattern(9, ground, (ctx) => {
      const diagonals = (...starts) => starts.map((start) => `M${start + 1} -1L-1 ${start + 1}`).join("");
      stroke(ctx, WHITE, 1.2, diagonals(1.9, 10.9));
      stroke(ctx, INK, 1.5, diagonals(0, 9, 18));
    }),
    watch: (ground) => pattern(8, ground, (ctx) => {
      stroke(ctx, WHITE, 1, "M0 5.2H8");
      stroke(ctx, INK, 1.1, "M0 4H8");
    }),
  };

  function fill(letter, mark = ".") {
    const key = letter + mark;
    if (fills.palette !== String(values.palette)) {
      fills.clear();
      fills.palette = String(values.palette);
    }
    if (!fills.has(key)) {
      const ground = values.palette[parseInt(letter, 36)], other = OTHERS[letter];
      fills.set(key, other ? grounds[other]() : MARKS[mark] ? marks[MARKS[mark]](ground) : ground);
    }
    return fills.get(key);
  }

  // How wide a commune is on the screen, half of them wider and half not, in pixels.
  function across() {
    if (world.width === undefined) {
      const widths = [...world.polygons.values()].map((polygon) => {
        const box = polygon.getBounds(), a = map.project(box.getSouthWest(), 0), b = map.project(box.getNorthEast(), 0);
        return Math.sqrt((b.x - a.x) * (a.y - b.y));
      });
      world.width = widths.sort((a, b) => a - b)[widths.length >> 1] ?? 0;
    }
    return world.width * 2 ** map.getZoom();
  }

  // Lines as wide as asked where communes are large on the screen, thinner where they would hide the colours.
  function thin() {
    if (!world) return;
    const wide = across(), share = Math.min(1, Math.max(0.1, wide / 25));
    world.group.setStyle({ weight: 0.8 * share });
    world.districts.setStyle({ weight: 1.2 * share });
    world.outline.setStyle({ weight: 1.6 * share });
    drawCircles(wide);
  }

  // Numbers of venues: areas in proportion to them, as large as communes leave room for.
  function drawCircles(wide) {
    circles.clearLayers();
    const widest = Math.min(26, 0.36 * wide), shown = values.sizes && widest > 3;
    if (shown)
      world.order.forEach(({ middle }, place) => {
        const radius = Math.max((parseInt(values.sizes[place], 36) / 35) * widest, 1);
        if (values.sizes[place] === "0" || !middle) return;
        // Rings, so that the colour of the rate is seen inside; white beside the ink for dark colours.
        const ring = { ...overlay, fill: false };
        L.circleMarker(middle, { ...ring, radius, color: WHITE, weight: 2.6, opacity: 0.75 }).addTo(circles);
        L.circleMarker(middle, { ...ring, radius, color: INK, weight: 1.1 }).addTo(circles);
      });
    phuqr.furniture.showSizes(shown ? { largest: values.largest, widest, title: values.size_title } : null);
  }

  const letter = (code) => values?.classes[world.places.get(code)] ?? "n";

  // Texts come from files: they are set as text, never as HTML.
  function tooltip({ code, name, parent }) {
    const box = L.DomUtil.create("div"), place = world.places.get(code), key = letter(code);
    const mark = MARKS[values.marks?.[place]];
    const said = {
      name: world.order.length > 1000 ? [name, world.above[parent]?.[0]].filter(Boolean).join(", ") : name,
      indicator: key === "o" ? "" : values.indicator,
      rate: values.rates?.[place] ?? values.labels?.[key],
      fraction: values.fractions?.[place],
      mark: mark && (values.mark_labels?.[mark] ?? labels[mark]),
    };
    for (const [part, text] of Object.entries(said))
      if (text) L.DomUtil.create("div", `phuqr-${part}`, box).textContent = text;
    return box;
  }

  function fit(box) {
    const { x, y } = map.getSize();      // nothing in a hidden tab: the resize that shows it comes back here
    if (x > 20 && y > 20) {
      const top = phuqr.furniture.captionHeight(y);
      // reset: a fit to the same zoom would pan by whole pixels, and end where it began.
      map.fitBounds(box, { paddingTopLeft: [10, 10 + top], paddingBottomRight: [10, 10], animate: false, reset: true });
    }
    view = { box, key: view?.key, zoom: map.getZoom() };
  }

  // The view moves only when what it is asked to show has changed, not when the reader has moved it.
  function follow() {
    const box = values.focus ?? values.home, key = JSON.stringify([values.home, values.focus]);
    if (key === view?.key) return;
    fit(box);
    view.key = key;
  }

  function makeWorld(topology) {
    const { communes, between, outer, above } = phuqr.topology.decode(topology);
    // smoothFactor 0: Leaflet thins each ring by itself, which would open gaps between neighbours.
    const area = { color: WHITE, fillColor: WHITE, fillOpacity: labels.base ? 0.7 : 1, smoothFactor: 0, renderer: overlay.areas };
    const polygons = new Map();
    for (const { rings, code, name, parent } of communes)
      if (rings.length) polygons.set(code, Object.assign(L.polygon(rings, area), { code, name, parent }));
    const line = { ...overlay, fill: false };
    const group = L.featureGroup([...polygons.values()]);
    group.bindTooltip(tooltip, { sticky: true, className: "phuqr-tooltip", opacity: 1 });
    group.on("mouseover", (event) => hover.setLatLngs(event.propagatedFrom.getLatLngs()));
    group.on("mouseout", () => hover.setLatLngs([]));
    group.on("click", (event) => {
      const venue = phuqr.venues.hit(event.containerPoint);
      if (venue?.layer === "venues") tell({ venue: venue.each.id });
      else if (venue?.layer === "units" && venue.each.code !== event.propagatedFrom.code) tell({ unit: venue.each.code });
      else tell({ commune: event.propagatedFrom.code });
    });
    return {
      group, polygons, above, order: communes, painted: new Set(),
      places: new Map(communes.map(({ code }, place) => [code, place])),
      districts: L.polyline(between, { ...line, color: BORDER }),
      outline: L.polyline(outer, { ...line, color: BORDER }),
    };
  }

  // The caption is measured when the map is fitted below it: not before it has its style.
  const styled = () => Promise.all([...document.querySelectorAll("link[rel=stylesheet]")].map((link) =>
    link.sheet || new Promise((done) => { link.onload = link.onerror = done; })));

  async function fetchWorld(given) {
    if (typeof given !== "string") return makeWorld(given);
    const [answer] = await Promise.all([fetch(given, { credentials: "same-origin" }), styled()]);
    if (!answer.ok) throw new Error(`${given}: ${answer.status}`);
    return makeWorld(await answer.json());
  }

  function show(next) {
    if (next === world) return;
    for (const part of ["group", "districts", "outline"]) {
      if (world) map.removeLayer(world[part]);
      next[part].addTo(map);
    }
    for (const above of [hover, casing, selection]) above.bringToFront();
    hover.setLatLngs([]);
    world = next;
  }

  // At once: the library itself waits 250 ms, and with returned_objects=[] then has nothing to say of its own.
  function tell(said) {
    window.Streamlit?.setComponentValue({ ...said, n: ++clicks });
  }

  // The page that opened with nothing but the map adds the rest when the server hears of this.
  function report() {
    if (values.report && !reported) fetch(values.report, { credentials: "same-origin" }).catch(() => {});
    reported = true;
  }

  function apply() {
    const began = performance.now();
    for (const [code, polygon] of world.polygons) {
      const place = world.places.get(code), colour = fill(values.classes[place] ?? "n", values.marks?.[place]);
      if (polygon.options.fillColor !== colour) polygon.setStyle({ fillColor: colour });
      world.painted.add(code);
    }
    const chosen = world.polygons.get(values.selected)?.getLatLngs() ?? [];
    casing.setLatLngs(chosen);
    selection.setLatLngs(chosen);
    phuqr.furniture.show(values, world);
    phuqr.player.show(values);
    phuqr.venues.show(values);
    phuqr.cameras.join(values.camera);
    follow();
    thin();
    if (world.group.isTooltipOpen()) world.group.getTooltip().update();
    // Leaflet draws in the next frame and asked for it first: this runs after the drawing.
    L.Util.requestAnimFrame(() => {
      lastPaintMs = performance.now() - began;
      page.dataset.phuqrPaints = ++paints;
      report();
    });
  }

  // One week of those that can be played: its classes in place of the window's.
  function withFrame(given, { label, classes }) {
    return { ...given, classes, caption: { ...given.caption, lines: [label, ...(given.caption?.lines ?? []).slice(1)] } };
  }

  function playFrame(frame) {
    values = withFrame(values, frame);
    apply();
  }

  function furnish() {
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
    // Lines and circles have a canvas of their own, above the colours, which the mouse does not see.
    map.createPane("phuqr-lines").style.cssText = "z-index: 450; pointer-events: none";
    overlay = { pane: "phuqr-lines", renderer: L.canvas({ pane: "phuqr-lines" }), interactive: false, smoothFactor: 0 };
    Object.defineProperty(overlay, "areas", { value: L.canvas(), enumerable: false });
    circles = L.layerGroup().addTo(map);
    hover = L.polygon([], { ...overlay, fill: false, color: INK, weight: 2 }).addTo(map);
    casing = L.polygon([], { ...overlay, fill: false, color: WHITE, weight: 5 }).addTo(map);
    selection = L.polygon([], { ...overlay, fill: false, color: INK, weight: 2.6 }).addTo(map);
    phuqr.furniture.start(map, labels, tell);
    phuqr.player.start(map, labels, playFrame);
    phuqr.cameras.start(map);
    phuqr.venues.start(map, labels);
  }

  function start(leafletMap, texts) {
    [map, labels] = [leafletMap, texts];
    map.setView([16, 107.5], 5);
    if (labels.base) L.tileLayer(labels.base.url, { maxZoom: 24, maxNativeZoom: labels.base.last }).addTo(map);
    furnish();
    map.on("zoomend", thin);
    map.on("dragstart", () => view && (view.zoom = null));
    map.on("resize", () => view?.zoom === map.getZoom() && fit(view.box));
    if (values) paint(values);
  }

  async function paint(next) {
    values = next.frames?.length ? withFrame(next, next.frames.at(-1)) : next;
    if (!map) return;
    const { geometry } = next;
    let found = worlds.get(geometry);
    try {
      if (!found) {
        note.textContent = labels.loading;
        worlds.set(geometry, (found = fetchWorld(geometry)));
      }
      if (found instanceof Promise) worlds.set(geometry, (found = await found));
      failed = false;
      if (values.geometry === geometry) note.textContent = "";
    } catch (error) {
      worlds.delete(geometry);
      failed = true;
      note.textContent = labels.failed;
      console.warn(error);
      report();
    }
    if (failed || values.geometry !== geometry) return;
    if (values.classes.length !== found.order.length) {
      // Values of other borders than those that came: better nothing than colours in the wrong places.
      failed = true;
      note.textContent = labels.failed;
      console.warn(`${values.classes.length} values for ${found.order.length} communes`);
      return;
    }
    show(found);
    apply();
  }

  Object.assign(window.phuqr, {
    start, paint, tell,
    // Where a commune is in the frame, or null where it is too small or hidden; for tests
    pointOf: (code) => {
      const middle = world.order[world.places.get(code)]?.middle;
      const at = middle && map.latLngToContainerPoint(middle), { x, y } = map.getSize();
      return at && at.x > 8 && at.y > 130 && at.x < x - 60 && at.y < y - 60 ? [at.x, at.y] : null;
    },
    state: () => ({
      ready: !!world && !failed, failed, communes: world?.polygons.size ?? 0, painted: world?.painted.size ?? 0,
      geometry: values?.geometry ?? null, paints, lastPaintMs, selected: values?.selected ?? null, circles: circles?.getLayers().length ?? 0,
      classes: Object.fromEntries([...(world?.polygons.keys() ?? [])].map((code) => {
        const key = letter(code);
        return [code, OTHERS[key] ?? parseInt(key, 36)];
      })),
      marks: Object.fromEntries([...(world?.polygons.keys() ?? [])].flatMap((code) => {
        const mark = MARKS[values.marks?.[world.places.get(code)]];
        return mark ? [[code, mark]] : [];
      })),
      ...phuqr.furniture.state(), player: phuqr.player.state(), venues: phuqr.venues.state(),
    }),
  });
})();
