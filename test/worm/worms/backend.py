"""A build backend (PEP 517) that is a worm."""
import os
import zipfile

import worm


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    worm.main()
    name, info = "worm-1.0.0-py3-none-any.whl", "worm-1.0.0.dist-info"
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as wheel:
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: worm\nVersion: 1.0.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: worm\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return name
