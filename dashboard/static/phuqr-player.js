// Plays the weeks that came with the values: one after the other, or the one that the slider is moved to.
//   phuqr.player.start(map, labels, play)  once; play(frame) shows one
//   phuqr.player.show(values)              at each painting; values.frames: [{ label, classes }], the oldest first, or nothing
window.phuqr = window.phuqr || {};
phuqr.player = (() => {
  "use strict";

  const STEP_MS = 1200;
  let labels, play, box, button, slider, said, frames = null, place = 0, timer = null, playing = false;

  function stop() {
    clearInterval(timer);
    timer = null;
    button.textContent = "▶";
    button.setAttribute("aria-label", labels.play);
  }

  function go(next) {
    place = Math.max(0, Math.min(next, frames.length - 1));
    slider.value = place;
    said.textContent = frames[place].label;
    slider.setAttribute("aria-valuetext", frames[place].label);
    playing = true;
    play(frames[place]);
    playing = false;
  }

  function start(map, texts, show) {
    [labels, play] = [texts, show];
    box = L.DomUtil.create("div", "phuqr-player", map.getContainer());
    button = L.DomUtil.create("button", "", box);
    slider = L.DomUtil.create("input", "", box);
    said = L.DomUtil.create("span", "", box);
    Object.assign(slider, { type: "range", min: 0, step: 1 });
    slider.setAttribute("aria-label", labels.week);
    box.hidden = true;
    L.DomEvent.disableClickPropagation(box);
    L.DomEvent.on(slider, "keydown keyup keypress", L.DomEvent.stopPropagation);
    slider.addEventListener("input", () => (stop(), go(+slider.value)));
    button.addEventListener("click", () => {
      if (timer) return stop();
      button.textContent = "❚❚";
      button.setAttribute("aria-label", labels.pause);
      go(place + 1 < frames.length ? place + 1 : 0);
      timer = setInterval(() => (place + 1 < frames.length ? go(place + 1) : stop()), STEP_MS);
    });
  }

  function show(values) {
    if (playing) return;
    stop();
    frames = values.frames?.length ? values.frames : null;
    box.hidden = !frames;
    if (!frames) return;
    slider.max = frames.length - 1;
    place = frames.length - 1;
    slider.value = place;
    said.textContent = frames[place].label;
  }

  return { start, show, state: () => ({ weeks: frames?.length ?? 0, week: frames ? said.textContent : "", playing: !!timer }) };
})();
