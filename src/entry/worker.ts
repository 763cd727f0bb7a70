/** Placeholder: answers the health check until the real entry is wired. */
export default {
  fetch(request: Request): Response {
    const { pathname } = new URL(request.url);
    return pathname === "/health" ? Response.json({ status: "ok" }) : new Response(null, { status: 404 });
  },
  async queue(batch: MessageBatch): Promise<void> {
    batch.ackAll();
  },
} satisfies ExportedHandler;
