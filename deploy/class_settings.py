"""What a class needs of its hub: on any spawner, besides the limits, which each hub has its way to.

The Littlest JupyterHub reads it as /opt/tljh/config/jupyterhub_config.d/class_settings.py; the
load test's hub reads it where it lies.
"""
c = get_config()  # noqa: F821 - JupyterHub gives it

# on few cores more threads are slower, and each has memory of its own
c.Spawner.environment = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
c.Spawner.default_url = "/lab"
c.Spawner.args = ["--MappingKernelManager.cull_idle_timeout=3600",  # seconds: a kernel that is
                  "--MappingKernelManager.cull_interval=300"]       # forgotten gives its memory back
c.Spawner.start_timeout = c.Spawner.http_timeout = 300  # seconds: a class begins in one minute,
#                                        and on a busy machine a server takes longer than 30
c.JupyterHub.active_server_limit = 100
