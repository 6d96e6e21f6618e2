// Makes `count` calls over a binding, each with its own URL and header value. workerd stops the
// clock within a request, so the client measures the time.
export default {
  async fetch(request, env) {
    const [, binding, start, count] = new URL(request.url).pathname.split("/");
    const expected = binding === "AUTH" ? "Request allowed" : "data";
    for (let n = Number(start); n < Number(start) + Number(count); n++) {
      const response = await env[binding].fetch(`https://auth.example.com/user/${n}?n=${n}`, {
        headers: { "x-custom-token": env.TOKEN, "x-request-id": `request-${n}` },
      });
      if (response.status !== 200 || (await response.text()) !== expected) {
        throw new Error(`call ${n} was answered with ${response.status}`);
      }
    }
    return new Response(count);
  },
};
