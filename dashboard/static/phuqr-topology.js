// Borders as they come from the server: TopoJSON, in which each border between two communes is stored once.
//   phuqr.topology.decode(topology)  { communes, between, outer, above }
window.phuqr = window.phuqr || {};
phuqr.topology = (() => {
  "use strict";

  // Arcs are delta-encoded; ~i is arc i backwards.
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

  const parts = ({ type, arcs }) => (type === "Polygon" ? [arcs] : type === "MultiPolygon" ? arcs : []);

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

  // A point inside the largest part: the middle of its widest stretch at half its height.
  function insidePoint(rings) {
    let best = null, widest = -1;
    for (const [ring] of rings) {
      const lats = ring.map(({ lat }) => lat), lat = (Math.min(...lats) + Math.max(...lats)) / 2 + 1e-9;
      const cuts = [];
      for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
        const a = ring[j], b = ring[i];
        if (a.lat > lat !== b.lat > lat) cuts.push(a.lng + ((lat - a.lat) * (b.lng - a.lng)) / (b.lat - a.lat));
      }
      cuts.sort((a, b) => a - b);
      for (let i = 0; i + 1 < cuts.length; i += 2)
        if (cuts[i + 1] - cuts[i] > widest) {
          widest = cuts[i + 1] - cuts[i];
          best = L.latLng(lat, (cuts[i] + cuts[i + 1]) / 2);
        }
    }
    return best;
  }

  function decode(topology) {
    const arcs = topology.arcs.length ? decodeArcs(topology) : [];
    const geometries = topology.objects.communes.geometries;
    const communes = geometries.map((geometry) => {
      const rings = parts(geometry).map((part) => part.map((ring) => stitch(ring, arcs)));
      return { ...geometry.properties, rings, get middle() { return insidePoint(rings); } };
    });
    return { communes, ...borders(geometries, arcs), above: topology.above ?? {} };
  }

  return { decode };
})();
