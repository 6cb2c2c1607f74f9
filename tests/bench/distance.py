"""A server that is far away."""
import asyncio
import threading


class Distance:
    """A relay to a port that holds every octet back for half the round trip, in a thread of its own."""

    def __init__(self, port, round_trip):
        self.target, self.delay = port, round_trip / 2
        self.accepted = 0
        self.loop = asyncio.new_event_loop()
        self.port = self.loop.run_until_complete(self.listen())
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    async def listen(self):
        server = await asyncio.start_server(self.accept, "127.0.0.1", 0)
        return server.sockets[0].getsockname()[1]

    async def accept(self, reader, writer):
        self.accepted += 1
        await asyncio.sleep(2 * self.delay)  # what connecting costs
        away = await asyncio.open_connection("127.0.0.1", self.target)
        await asyncio.gather(self.carry(reader, away[1]), self.carry(away[0], writer))

    async def carry(self, reader, writer):
        while octets := await reader.read(65536):
            self.loop.call_later(self.delay, writer.write, octets)
        self.loop.call_later(self.delay, writer.close)

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
