"""Channels for tests, held to the same contract as the real ones."""

from communities.broadcasts.ports import Outcome, Result


class FakeChannel:
    """Keeps what it was sent in a dictionary, and says what a test wants about some rooms."""

    def __init__(self, *, brand_id):
        self.brand_id = brand_id
        self.arrived = {}
        self.closed_rooms = set()
        self.silent_rooms = set()  # the answer is lost, whether or not the post arrived
        self.lost_rooms = set()  # never arrives, and nobody says so
        self.calls = []

    def send_batch(self, posts):
        self.calls.append([post.key for post in posts])
        return {post.key: self._send(post) for post in posts}

    def find(self, keys):
        return {key: self.arrived[key] for key in keys if key in self.arrived}

    def _send(self, post):
        if post.room_id in self.closed_rooms:
            return Outcome(Result.FAILED, error="room_closed")
        if post.room_id in self.lost_rooms:
            return Outcome(Result.UNKNOWN, error="timeout")
        self.arrived.setdefault(post.key, Outcome(Result.SENT, message_seq=len(self.arrived) + 1))
        if post.room_id in self.silent_rooms:
            return Outcome(Result.UNKNOWN, error="timeout")
        return self.arrived[post.key]
