// Venues over the communes: numbers by unit from afar, points from near, on one canvas; the tiles come from the server.
//   phuqr.venues.start(map, labels)  once
//   phuqr.venues.show(values)        at each painting; values.venues: { url, said, total, unplaced }, or nothing
//   phuqr.venues.hit(point)          what is drawn at a point of the frame
window.phuqr = window.phuqr || {};
phuqr.venues = (() => {
  "use strict";

  const INK = "#14213d", WHITE = "#ffffff", NEAR = 9;
  const INKS = ["#9a3412", "#b45309", "#0f4c6b", "#5b6676"];     // never scanned, silent, active, not known
  const NAMES = ["never", "silent", "active", "unknown"];
  let map, labels, canvas, tally, tip, grid = null, given = null, drawn = [], waiting = false, format;

  const Grid = L.GridLayer.extend({
    createTile(coords, done) {
      const tile = L.DomUtil.create("div"), stop = new AbortController();
      tile.stop = stop;
      fetch(L.Util.template(given.url, coords), { credentials: "same-origin", signal: stop.signal })
        .then((answer) => {
          if (!answer.ok) throw new Error(`${answer.url}: ${answer.status}`);
          return answer.arrayBuffer();
        })
        .then((buffer) => {
          tile.layers = place(phuqr.tiles.decode(buffer), coords);
          done(null, tile);
        })
        .catch((error) => stop.signal.aborted || (console.warn(error), done(error, tile)));
      return tile;
    },
  });

  // From shares of a tile's side to degrees.
  function place(layers, { x, y, z }) {
    for (const features of Object.values(layers))
      for (const each of features) each.at = map.unproject([(x + each.x) * 256, (y + each.y) * 256], z);
    return layers;
  }

  function features(layer) {
    if (!grid) return [];
    return Object.values(grid._tiles).filter(({ current, el }) => current && el.layers?.[layer]).flatMap(({ el }) => el.layers[layer]);
  }

  function circle(ctx, { x, y }, radius) {
    ctx.beginPath();
    ctx.arc(x, y, radius, 0, 2 * Math.PI);
  }

  function number(ctx, { x, y }, text, width) {
    ctx.font = `600 11px ${getComputedStyle(map.getContainer()).fontFamily}`;
    if (width && ctx.measureText(text).width > width) return;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.lineWidth = 3;
    ctx.strokeStyle = WHITE;
    ctx.strokeText(text, x, y);
    ctx.fillStyle = INK;
    ctx.fillText(text, x, y);
  }

  function drawUnit(ctx, at, each, largest) {
    const radius = Math.max(4, 26 * Math.sqrt(each.n / largest));
    circle(ctx, at, radius);
    ctx.fillStyle = "rgb(255 255 255 / 78%)";
    ctx.fill();
    ctx.lineWidth = 1.4;
    ctx.strokeStyle = INK;
    ctx.stroke();
    number(ctx, at, format.format(each.n), Math.max(2 * radius, 26));
    return radius;
  }

  // Each state has a shape of its own, so that colour is not needed: a disc, a ring, a cross.
  function drawPoint(ctx, at, { s, n }) {
    const size = n > 1 ? 5.5 : 4;
    circle(ctx, at, size + 1.6);
    ctx.fillStyle = WHITE;
    ctx.fill();
    ctx.strokeStyle = ctx.fillStyle = INKS[s];
    ctx.lineWidth = 2;
    if (s === 2) (circle(ctx, at, size), ctx.fill());
    else if (s === 1) (circle(ctx, at, size - 1), ctx.stroke());
    else if (s === 0) {
      const arm = size * 0.72;
      ctx.beginPath();
      ctx.moveTo(at.x - arm, at.y - arm);
      ctx.lineTo(at.x + arm, at.y + arm);
      ctx.moveTo(at.x + arm, at.y - arm);
      ctx.lineTo(at.x - arm, at.y + arm);
      ctx.stroke();
    } else (circle(ctx, at, size - 1.8), ctx.fill());
    return size + 1;
  }

  function drawRest(ctx, at, { n }) {
    const text = format.format(n);
    ctx.font = "600 11px sans-serif";
    const half = ctx.measureText(text).width / 2 + 7;
    ctx.beginPath();
    ctx.roundRect(at.x - half, at.y - 9, 2 * half, 18, 3);
    ctx.fillStyle = WHITE;
    ctx.fill();
    ctx.setLineDash([3, 2]);
    ctx.lineWidth = 1.3;
    ctx.strokeStyle = INK;
    ctx.stroke();
    ctx.setLineDash([]);
    number(ctx, at, text);
    return half;
  }

  function draw() {
    waiting = false;
    const { x, y } = map.getSize(), ratio = L.Browser.retina ? 2 : 1;
    [canvas.width, canvas.height] = [x * ratio, y * ratio];
    [canvas.style.width, canvas.style.height] = [`${x}px`, `${y}px`];
    L.DomUtil.setPosition(canvas, map.containerPointToLayerPoint([0, 0]));
    const ctx = canvas.getContext("2d");
    ctx.scale(ratio, ratio);
    drawn = [];
    const units = features("units"), largest = Math.max(1, ...units.map(({ n }) => n));
    const draw = { units: (at, each) => drawUnit(ctx, at, each, largest), rest: (at, each) => drawRest(ctx, at, each),
      venues: (at, each) => drawPoint(ctx, at, each) };
    let shown = 0, there = 0;
    for (const layer of ["units", "venues", "rest"])
      for (const each of layer === "units" ? units.sort((a, b) => b.n - a.n) : features(layer)) {
        const at = map.latLngToContainerPoint(each.at);
        if (at.x < -30 || at.y < -30 || at.x > x + 30 || at.y > y + 30) continue;
        drawn.push({ layer, each, at, radius: draw[layer](at, each) });
        if (layer === "venues" && at.x >= 0 && at.y >= 0 && at.x <= x && at.y <= y) [shown, there] = [shown + 1, there + each.n];
      }
    tell(units.length ? null : [shown, there]);
  }

  function tell(points) {
    const said = [points ? given.said.near : given.said.far];
    const values = { shown: points?.[0], there: points?.[1], total: given.total, unplaced: given.unplaced };
    tally.textContent = said[0].replace(/\{(\w+)\}/g, (_, name) => format.format(values[name] ?? 0));
    tally.hidden = false;
    tally.dataset.shown = points ? points[0] : "";
    tally.dataset.there = points ? points[1] : "";
  }

  function redraw() {
    if (!grid || waiting) return;
    waiting = true;
    L.Util.requestAnimFrame(() => grid && draw());
  }

  // The nearest thing drawn last that is under a point.
  function hit(point) {
    if (!grid) return null;
    let best = null, least = Infinity;
    for (const each of drawn) {
      const away = each.at.distanceTo(point) - (each.layer === "venues" ? 0 : each.radius);
      if (away < (each.layer === "venues" ? NEAR : 0) && away < least) [best, least] = [each, away];
    }
    return best;
  }

  // Texts come from files: they are set as text, never as HTML.
  function showTip(found, at) {
    tip.hidden = !found;
    if (!found) return;
    tip.replaceChildren();
    const { layer, each } = found, lines = [];
    if (layer === "venues") {
      if (each.name) lines.push(["b", each.name]);
      lines.push(["span", labels[NAMES[each.s]]]);
      if (each.n > 1) lines.push(["span", labels.more.replace("{count}", format.format(each.n - 1))]);
    } else {
      lines.push(["b", each.name], ["span", (layer === "rest" ? labels.rest : labels.venues).replace("{count}", format.format(each.n))]);
    }
    for (const [tag, text] of lines) L.DomUtil.create(tag, "", tip).textContent = text;
    tip.style.transform = `translate(${Math.min(at.x + 14, map.getSize().x - 200)}px, ${at.y + 14}px)`;
  }

  function start(leafletMap, texts) {
    [map, labels] = [leafletMap, texts];
    format = new Intl.NumberFormat(labels.language);
    const pane = map.createPane("phuqr-venues");
    pane.style.cssText = "z-index: 460; pointer-events: none";
    canvas = L.DomUtil.create("canvas", "leaflet-zoom-hide", pane);
    tip = L.DomUtil.create("div", "phuqr-tip", map.getContainer());
    tip.hidden = true;
    tally = L.DomUtil.create("div", "phuqr-tally", map.getContainer());
    tally.setAttribute("role", "status");
    tally.hidden = true;
    map.on("moveend zoomend resize viewreset", redraw);
    map.on("mousemove", ({ containerPoint }) => grid && showTip(hit(containerPoint), containerPoint));
    map.on("mouseout movestart", () => showTip(null));
  }

  function show(values) {
    const next = values.venues ?? null;
    map.getPane("overlayPane").style.opacity = next ? 0.45 : "";
    if (next?.url === given?.url && !!grid === !!next) {
      given = next;
      return redraw();
    }
    if (grid) grid.remove();
    [grid, given] = [null, next];
    if (!next) {
      [canvas.width, drawn, tally.hidden] = [0, [], true];
      return showTip(null);
    }
    grid = new Grid({ pane: "phuqr-venues", updateWhenZooming: false, keepBuffer: 1, minZoom: 4, maxZoom: 18 });
    grid.on("tileload load", redraw);
    grid.on("tileunload", ({ tile }) => tile.stop?.abort());
    grid.addTo(map);
    redraw();
  }

  return {
    start, show, hit,
    state: () => ({
      tally: tally?.hidden === false ? tally.textContent : "",
      drawn: drawn.map(({ layer, each, at }) => ({ layer, id: each.id ?? null, s: each.s ?? null, n: each.n, name: each.name ?? null,
        code: each.code ?? null, x: at.x, y: at.y })),
      loading: !!grid?.isLoading(),
    }),
  };
})();
