// Date, whose present time is what the host shows: on the platform it stands still while code runs.
(function (web) {
  'use strict';
  const { host } = web;
  const {
    construct,
    defineProperty,
    ownKeys,
    getOwnPropertyDescriptor,
    Date: Original,
  } = web.primordials;
  const { floor } = web.primordials;
  const toText = web.primordials.uncurryThis(Original.prototype.toString);
  const present = () => floor(host.now());

  function Date(...parts) {
    if (new.target === undefined) return toText(construct(Original, [present()]));
    return construct(Original, parts.length === 0 ? [present()] : parts, new.target);
  }
  const names = ownKeys(Original);
  for (let i = 0; i < names.length; i++) {
    defineProperty(Date, names[i], getOwnPropertyDescriptor(Original, names[i]));
  }
  defineProperty(Date, 'now', {
    value: {
      now() {
        return present();
      },
    }.now,
    writable: true,
    enumerable: false,
    configurable: true,
  });
  defineProperty(Date.prototype, 'constructor', {
    value: Date,
    writable: true,
    enumerable: false,
    configurable: true,
  });
  web.expose({ Date });

  class Performance {
    get timeOrigin() {
      return 0;
    }
    now() {
      return host.now();
    }
    toJSON() {
      return { timeOrigin: 0 };
    }
  }
  web.define(Performance);
  web.expose({ Performance, performance: new Performance() });
});
