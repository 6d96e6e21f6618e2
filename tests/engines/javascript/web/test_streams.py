"""Streams where the platform cannot be compared with: much data, and what a Worker changes."""

from __future__ import annotations


def test_a_megabyte_through_pipes(bare):
    assert bare.run(
        """
        let made = 0;
        const source = new ReadableStream({
          pull(c) {
            if (made === 64) return c.close();
            made++;
            c.enqueue(new Uint8Array(16384).fill(made));
          },
        });
        let size = 0, sum = 0;
        for await (const chunk of source.pipeThrough(new CompressionStream('gzip'))
            .pipeThrough(new DecompressionStream('gzip'))) {
          size += chunk.length;
          sum += chunk[0];
        }
        return [size, sum > 0];
        """
    ) == [1 << 20, True]


def test_a_small_chunk_that_is_much_when_decompressed_comes_in_pieces(bare):
    assert bare.run(
        """
        const zeros = new Blob([new Uint8Array(4 << 20)]).stream()
          .pipeThrough(new CompressionStream('gzip'));
        let size = 0, longest = 0;
        for await (const chunk of zeros.pipeThrough(new DecompressionStream('gzip'))) {
          size += chunk.length;
          longest = Math.max(longest, chunk.length);
        }
        return [size, longest <= 65536];
        """
    ) == [4 << 20, True]


def test_a_pipe_is_not_ahead_of_its_destination(bare):
    assert (
        bare.run(
            """
        let pulled = 0;
        const source = new ReadableStream(
          { pull(c) { c.enqueue(pulled++); } }, { highWaterMark: 0 });
        source.pipeTo(new WritableStream({ write() { return new Promise(() => {}); } }));
        await scheduler.wait(1);
        return pulled;
        """
        )
        == 1
    )


def test_streams_work_with_changed_prototypes(bare):
    assert (
        bare.run(
            """
        const map = new Map([[1, 2]]);
        const broken = () => { throw new Error('mine'); };
        for (const [object, names] of [
          [Promise.prototype, ['then', 'catch', 'finally']], [Map.prototype, ['get', 'set']],
          [Uint8Array.prototype.__proto__, ['set', 'slice', 'subarray']],
          [String.prototype, ['slice', 'indexOf', 'split']],
          [Function.prototype, ['call', 'apply', 'bind']], [Reflect, ['apply']],
          [Object, ['defineProperty', 'keys']], [RegExp.prototype, ['exec', 'test']],
          [WeakMap.prototype, ['get', 'set', 'has']], [JSON, ['parse']],
          [Array.prototype, ['push', 'shift', 'slice', 'map', 'forEach', Symbol.iterator]]]) {
          for (const name of names) object[name] = broken;
        }
        const source = new ReadableStream({
          start(c) { c.enqueue('a'); c.enqueue('b'); c.close(); },
        });
        const upper = new TransformStream({ transform(x, c) { c.enqueue(x + x); } });
        let text = '';
        const reader = source.pipeThrough(upper).pipeThrough(new TextEncoderStream())
          .pipeThrough(new TextDecoderStream()).getReader();
        for (let r = await reader.read(); !r.done; r = await reader.read()) text += r.value;
        const url = new URL('https://user:pw@a.example:81/p?x=1#y');
        url.searchParams.append('z', '2');
        console.log('%s and %o', 'shown', { a: map });
        const clone = structuredClone({ a: [1, { b: new Date(0) }] });
        return text + url.host + url.search + clone.a.length;
        """
        )
        == "aabba.example:81?x=1&z=22"
    )
    assert bare.lines == [("log", "shown and { a: Map(1) { 1 => 2 } }")]
