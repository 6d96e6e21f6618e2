// What console shows of the web's classes, and which of them structuredClone refuses.
(function (web) {
  'use strict';
  const pairs = (list) => {
    const entries = [];
    for (let i = 0; i < list.length; i += 2) entries[entries.length] = [list[i], list[i + 1]];
    return { entries };
  };
  const named = (list) => {
    const entries = [];
    for (let i = 0; i < list.length; i++) entries[i] = [list[i].name, list[i].value];
    return { entries };
  };
  const FIELDS = [
    'URL',
    'Blob',
    'File',
    'Event',
    'CustomEvent',
    'MessageEvent',
    'CloseEvent',
    'ErrorEvent',
    'AbortController',
    'AbortSignal',
    'TextEncoder',
    'TextDecoder',
    'Performance',
    'Crypto',
    'CryptoKey',
    'TransformStream',
    'TextEncoderStream',
    'TextDecoderStream',
    'CompressionStream',
    'DecompressionStream',
    'ByteLengthQueuingStrategy',
    'CountQueuingStrategy',
    'Navigator',
  ];
  for (let i = 0; i < FIELDS.length; i++) web.inspectFields(globalThis[FIELDS[i]]);
  web.inspectFields(web.ReadableStream, (stream) => {
    const state = web.readableState(stream);
    return [
      ['[state]', state.phase],
      ['[supportsBYOB]', false],
      ['[length]', state.length],
    ];
  });
  web.inspectFields(web.WritableStream, (stream) => [
    ['[state]', web.writableState(stream).phase],
    ['[expectsBytes]', false],
  ]);
  web.inspectAs(web.URLSearchParams, (params) => pairs(web.searchParamsList(params)));
  web.inspectAs(web.FormData, (form) => named(web.formEntries(form)));

  const REFUSED = [
    'URL',
    'URLSearchParams',
    'Blob',
    'File',
    'FormData',
    'Event',
    'EventTarget',
    'AbortController',
    'AbortSignal',
    'TextEncoder',
    'TextDecoder',
    'ReadableStream',
    'WritableStream',
    'TransformStream',
    'CryptoKey',
    'Crypto',
    'SubtleCrypto',
    'Performance',
    'Navigator',
  ];
  for (let i = 0; i < REFUSED.length; i++) web.refuseClones(globalThis[REFUSED[i]]);
});
