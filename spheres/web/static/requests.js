/* What Gradio's client asks of the server, where it would lose an answer or say something in English only. It stands in
   the page's head, before Gradio's own script. */
(() => {
  const { busy } = document.currentScript.dataset; // web/page.py has it put there
  const ask = window.fetch;
  // The server ends a visitor's stream of messages once it has answered all that it knows of. What is asked while that
  // end is on its way, Gradio's client would await in the ended stream, for ever. So to the client no stream ends: the
  // next one goes on with it, once something is asked again.
  const joined = new Set(), completed = new Set(); // ids of events; of one, either may be heard of first
  let told = () => {}; // that an event has joined
  const join = async (answer) => {
    joined.add((await answer.clone().json()).event_id);
    told();
  };
  const somethingAwaited = async () => {
    for (;;) {
      for (const id of completed) if (joined.delete(id)) completed.delete(id);
      if (joined.size) return;
      await new Promise((done) => { told = done; });
    }
  };
  async function* messagesOf(answer) {
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let held = '', read = await reader.read(); !read.done; read = await reader.read()) {
      const messages = (held + read.value).split('\n\n');
      held = messages.pop();
      yield* messages;
    }
  }
  const endless = (request, first) => new ReadableStream({
    async start(out) {
      try {
        for (let answer = first; ; answer = await ask(...request)) {
          if (!answer.ok) throw new Error(answer.statusText); // Gradio says then that the connection is lost
          let ends = false;
          for await (const message of messagesOf(answer)) {
            const { msg, event_id } = JSON.parse(message.slice('data: '.length));
            if (msg === 'process_completed') completed.add(event_id);
            ends = msg === 'close_stream';
            if (!ends) out.enqueue(new TextEncoder().encode(`${message}\n\n`));
          }
          if (!ends) throw new Error('cut off');
          await somethingAwaited();
        }
      } catch (error) {
        joined.clear();
        completed.clear();
        out.error(error);
      }
    },
  });

  // A full queue, in the page's language: for 503 Gradio has a sentence of its own, in English only. Its description of
  // the API asks for two addresses that are not here: the console would call that errors.
  const notHere = (address) => address.endsWith('/monitoring/summary') ||
    (address.endsWith('/gradio_api/mcp/schema') && !window.gradio_config?.mcp_server);
  window.fetch = async (...request) => {
    const address = String(request[0]?.url ?? request[0]);
    if (notHere(address)) return new Response('', { status: 404 });
    const answer = await ask(...request);
    if (answer.status === 503) return Response.json({ detail: busy }, { status: 429 });
    if (answer.ok && address.includes('/queue/join')) await join(answer);
    return answer.ok && address.includes('/queue/data') ? new Response(endless(request, answer), answer) : answer;
  };
})();
