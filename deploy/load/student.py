"""A student: logs in, starts a server, and works through notebooks over the kernel's API."""
import asyncio
import json
from pathlib import Path

import nbformat
from jupyter_client.jsonutil import json_default
from jupyter_client.session import Session
from nbformat.v4 import output_from_msg
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

import memory

LARGEST = 1 << 26  # bytes of a message: pictures


class Lost(Exception):
    """A server did not start, a kernel died, or what was saved is not what is read back."""


class Student:
    """One who answers with the teacher's solutions."""

    def __init__(self, hub, name, teacher):
        self.hub, self.name, self.teacher, self.token = hub, name, Path(teacher), None
        self.peaks, self.right = {}, {}  # stem -> MB of its kernel, number of right answers

    async def ask(self, method, path, body=None):
        return await self.hub.ask(method, path, body, self.token)

    async def begin(self):
        """Log in with a password, then start the server and wait for it."""
        login = dict(username=self.name, password=self.hub.password)
        self.token = (await self.ask("POST", f"/hub/api/users/{self.name}/tokens",
                                     dict(auth=login)))["token"]
        await self.ask("POST", f"/hub/api/users/{self.name}/server")
        while True:
            server = (await self.ask("GET", f"/hub/api/users/{self.name}"))["servers"].get("")
            if server is None:
                raise Lost(f"the server of {self.name} did not start")
            if server["ready"]:
                return
            await asyncio.sleep(1)

    async def work(self, stems, close):
        """Each notebook in its own kernel, which stays open as most students leave it."""
        for stem in stems:
            await self.notebook(stem, close)

    async def notebook(self, stem, close):
        """Read it, answer, run, save, read it back."""
        path = f"/user/{self.name}/api/contents/lstm/{stem}.ipynb"
        notebook = nbformat.from_dict((await self.ask("GET", path))["content"])
        answers = answered(notebook, nbformat.read(self.teacher / f"{stem}.ipynb", 4))
        session = await self.ask("POST", f"/user/{self.name}/api/sessions", dict(
            path=f"lstm/{stem}.ipynb", name=stem, type="notebook", kernel=dict(name="python3")))
        kernel = session["kernel"]["id"]
        await self.run(notebook, kernel)
        await self.ask("PUT", path, dict(type="notebook", format="json", content=notebook))
        saved = nbformat.from_dict((await self.ask("GET", path))["content"])
        self.right[stem] = right_answers(saved, answers)
        self.peaks[stem] = memory.peak_of(memory.process_with(f"kernel-{kernel}.json"))
        if close:
            await self.ask("DELETE", f"/user/{self.name}/api/sessions/{session['id']}")

    async def run(self, notebook, kernel):
        """Execute the cells one after the other; outputs stand in the notebook afterwards."""
        url = f"{self.hub.url}/user/{self.name}/api/kernels/{kernel}/channels"
        socket = await websocket_connect(
            HTTPRequest(url.replace("http", "ws", 1),
                        headers={"Authorization": f"token {self.token}"}),
            max_message_size=LARGEST)
        session = Session(username=self.name)
        try:
            for cell in notebook.cells:
                if cell.cell_type == "code":
                    await execute(socket, session, cell)
        finally:
            socket.close()


async def execute(socket, session, cell):
    """One cell: until its kernel has replied and is idle again."""
    request = session.msg("execute_request", dict(
        code=cell.source, silent=False, store_history=True, allow_stdin=False,
        user_expressions={}, stop_on_error=True))
    await socket.write_message(json.dumps(dict(request, channel="shell"), default=json_default))
    cell.outputs, waits_for = [], {"execute_reply", "idle"}
    while waits_for:
        said = await socket.read_message()
        if said is None:
            raise Lost(f"the connection ended in\n{cell.source}")
        message = json.loads(said)
        kind, content = message["msg_type"], message["content"]
        if content.get("execution_state") in ("dead", "restarting"):
            raise Lost(f"the kernel died in\n{cell.source}")
        if message["parent_header"].get("msg_id") != request["msg_id"]:
            continue
        waits_for -= {kind, content.get("execution_state")}
        if kind == "execute_reply":
            cell.execution_count = content["execution_count"]
        elif kind in ("stream", "display_data", "execute_result", "error"):
            cell.outputs.append(output_from_msg(message))


def answered(notebook, teacher):
    """Put the teacher's solutions into a student's copy; what was written."""
    answers = [cell.source for cell in tagged(teacher, "exercise")]
    for cell, answer in zip(tagged(notebook, "exercise"), answers):
        cell.source = answer
    return answers


def right_answers(notebook, answers):
    """The number of checks, which all say that it is right; Lost where one does not."""
    if [cell.source for cell in tagged(notebook, "exercise")] != answers:
        raise Lost("an answer that was saved is not there any more")
    said = [cell.outputs[-1].get("data", {}).get("text/plain", "") if cell.outputs else ""
            for cell in tagged(notebook, "check")]
    errors = [output for cell in notebook.cells for output in cell.get("outputs", [])
              if output.output_type == "error"]
    if errors or not all(words.startswith("Right.") for words in said):
        raise Lost(f"not right: {said} {errors}")
    return len(said)


def tagged(notebook, tag):
    return [cell for cell in notebook.cells if tag in cell.metadata.get("tags", [])]
