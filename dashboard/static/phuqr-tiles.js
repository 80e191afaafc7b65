// Vector tiles: reads the few parts of the format that tiles of points have (Mapbox Vector Tile 2.1, on protocol buffers).
//   phuqr.tiles.decode(buffer)  { layer: [{ id, x, y, ...properties }] }, x and y in shares of the tile's side
window.phuqr = window.phuqr || {};
phuqr.tiles = (() => {
  "use strict";

  const utf8 = new TextDecoder();

  // Calls take(number, value, read) for each field; value is a number, or the bytes of a field that has a length.
  function fields(bytes, take) {
    let at = 0;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const varint = () => {
      let value = 0, scale = 1, byte;
      do {
        byte = bytes[at++];
        value += (byte & 127) * scale;
        scale *= 128;
      } while (byte & 128);
      return value;
    };
    while (at < bytes.length) {
      const key = varint(), wire = key & 7;
      if (wire === 0) take(key >> 3, varint());
      else if (wire === 1) (take(key >> 3, view.getFloat64(at, true)), (at += 8));
      else if (wire === 5) (take(key >> 3, view.getFloat32(at, true)), (at += 4));
      else if (wire === 2) {
        const length = varint();
        take(key >> 3, bytes.subarray(at, at + length));
        at += length;
      } else throw new Error(`wire type ${wire} is not one of a vector tile`);
      if (at > bytes.length) throw new Error("a vector tile that ends too early");
    }
  }

  function varints(bytes) {
    const found = [];
    let value = 0, scale = 1;
    for (const byte of bytes) {
      value += (byte & 127) * scale;
      if (byte & 128) scale *= 128;
      else {
        found.push(value);
        [value, scale] = [0, 1];
      }
    }
    return found;
  }

  const signed = (value) => (value % 2 ? -(value + 1) / 2 : value / 2);

  function readValue(bytes) {
    let found = null;
    fields(bytes, (number, value) => {
      found = number === 1 ? utf8.decode(value) : number === 6 ? signed(value) : number === 7 ? !!value : value;
    });
    return found;
  }

  function readLayer(bytes) {
    const keys = [], values = [], features = [];
    let name = "", extent = 4096;
    fields(bytes, (number, value) => {
      if (number === 1) name = utf8.decode(value);
      else if (number === 2) features.push(value);
      else if (number === 3) keys.push(utf8.decode(value));
      else if (number === 4) values.push(readValue(value));
      else if (number === 5) extent = value;
    });
    return [name, features.map((feature) => {
      const found = {};
      fields(feature, (number, value) => {
        if (number === 1) found.id = value;
        else if (number === 2) {
          const tags = varints(value);
          for (let i = 0; i + 1 < tags.length; i += 2) found[keys[tags[i]]] = values[tags[i + 1]];
        } else if (number === 4) {
          const [, x, y] = varints(value);     // one command, to move to the point
          Object.assign(found, { x: signed(x) / extent, y: signed(y) / extent });
        }
      });
      return found;
    })];
  }

  function decode(buffer) {
    const layers = {};
    fields(new Uint8Array(buffer), (number, value) => {
      if (number === 3) {
        const [name, features] = readLayer(value);
        layers[name] = features;
      }
    });
    return layers;
  }

  return { decode };
})();
