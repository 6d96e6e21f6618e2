// navigator and self
(function (web) {
  'use strict';
  class Navigator {
    get userAgent() {
      return 'Cloudflare-Workers';
    }
    get language() {
      return 'en';
    }
    get hardwareConcurrency() {
      return 1;
    }
  }
  web.define(Navigator);
  web.expose({ Navigator, navigator: new Navigator(), self: globalThis });
});
