// Maps of one page that move as one: each frame adds itself to a list that the page around them holds.
//   phuqr.cameras.start(map)   once
//   phuqr.cameras.join(name)   at each painting: maps of one name move together; without a name a map moves alone
window.phuqr = window.phuqr || {};
phuqr.cameras = (() => {
  "use strict";

  let map, name = null, following = false;
  const own = { follow };

  function others() {
    const list = (window.parent.phuqrCameras ??= new Set());
    list.add(own);
    return [...list].filter((each) => each !== own);
  }

  function follow(asked, center, zoom) {
    if (asked !== name || !document.defaultView) return;
    if (map.getZoom() === zoom && map.getCenter().distanceTo(center) < 1) return;
    following = true;
    map.setView(center, zoom, { animate: false });
    following = false;
  }

  function tell() {
    if (!name || following) return;
    const { lat, lng } = map.getCenter();
    for (const each of others()) each.follow(name, { lat, lng }, map.getZoom());
  }

  function start(leafletMap) {
    map = leafletMap;
    map.on("moveend", tell);
    window.addEventListener("pagehide", () => window.parent.phuqrCameras?.delete(own));
  }

  function join(asked) {
    name = asked ?? null;
    if (name) others();
  }

  return { start, join };
})();
