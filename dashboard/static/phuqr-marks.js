// Marks over the map of communes: hotspots and clusters of exposed venues.
//   phuqrMarks.show(map, values)   at each choice of the reader; what is drawn already stays
//   phuqrMarks.state()             what is drawn, for tests
(() => {
  "use strict";

  const APART = 16;                    // pixels between marks of one place
  let layer, outlines, shown = "", drawn = [];
  let clicks = Date.now();

  // Texts come from files: they are set as text, never as HTML.
  function tooltip(title, lines) {
    const box = L.DomUtil.create("div");
    L.DomUtil.create("div", "phuqr-name", box).textContent = title;
    for (const line of lines) L.DomUtil.create("div", "phuqr-fraction", box).textContent = line;
    return box;
  }

  // Marks of one place lie around it in a ring.
  function places(spots) {
    const together = new Map();
    for (const spot of spots) {
      const key = `${spot.lat} ${spot.lon}`;
      together.set(key, [...(together.get(key) ?? []), spot]);
    }
    const shifts = new Map();
    for (const group of together.values())
      group.forEach((spot, i) => {
        const angle = (2 * Math.PI * i) / group.length, ring = group.length > 1 ? (APART * Math.max(2, group.length)) / Math.PI : 0;
        shifts.set(spot.code, [ring * Math.sin(angle), -ring * Math.cos(angle)]);
      });
    return shifts;
  }

  function mark(spot, [dx, dy], selected) {
    const face = L.DomUtil.create("div");
    face.textContent = spot.count;
    const looks = [`phuqr-mark phuqr-grade-${spot.grade}`];
    if (!spot.located) looks.push("phuqr-unlocated");
    if (spot.closed) looks.push("phuqr-closed");
    if (spot.code === selected) looks.push("phuqr-chosen");
    const size = 16 + 5 * spot.grade;
    const icon = L.divIcon({
      html: face, className: looks.join(" "), iconSize: [size, size], iconAnchor: [size / 2 - dx, size / 2 - dy],
    });
    const marker = L.marker([spot.lat, spot.lon], {
      icon, pane: "phuqr-marks", keyboard: true, alt: spot.title, zIndexOffset: 100 * spot.grade,
    });
    marker.bindTooltip(tooltip(spot.title, spot.lines), { className: "phuqr-tooltip", opacity: 1, offset: [dx, dy], direction: "top" });
    marker.on("click keypress", ({ type, originalEvent }) => {
      if (type === "click" || originalEvent.key === "Enter")
        window.Streamlit?.setComponentValue({ venue: spot.code, n: ++clicks });
    });
    return marker;
  }

  function show(map, values) {
    const next = JSON.stringify(values);
    if (next === shown) return;
    shown = next;
    if (!layer) {
      map.createPane("phuqr-clusters").style.zIndex = 455;
      map.createPane("phuqr-marks").style.zIndex = 460;
      outlines = L.layerGroup().addTo(map);
      layer = L.layerGroup().addTo(map);
    }
    outlines.clearLayers();
    layer.clearLayers();
    const style = { color: "#7a1f3d", weight: 1.6, dashArray: "5 4", fillColor: "#7a1f3d", fillOpacity: 0.12 };
    const renderer = L.svg({ pane: "phuqr-clusters" });
    for (const { outline, title } of values.clusters)
      L.geoJSON(outline, { pane: "phuqr-clusters", renderer, style, smoothFactor: 0 })
        .bindTooltip(tooltip(title, []), { className: "phuqr-tooltip", opacity: 1, sticky: true }).addTo(outlines);
    const shifts = places(values.spots);
    drawn = values.spots.map((spot) => spot.code);
    for (const spot of values.spots) mark(spot, shifts.get(spot.code), values.selected).addTo(layer);
  }

  window.phuqrMarks = {
    show,
    state: () => ({ spots: drawn, clusters: outlines ? outlines.getLayers().length : 0 }),
  };
})();
