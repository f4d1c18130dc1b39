class Vouch < Formula
  desc "Private packages from AWS CodeArtifact with a FIDO2 security key"
  homepage "@REPOSITORY@"
  version "@VERSION@"
  license "Apache-2.0"

  on_macos do
    on_arm do
      url "@URL:darwin-arm64@"
      sha256 "@SHA256:darwin-arm64@"
    end
    on_intel do
      url "@URL:darwin-x64@"
      sha256 "@SHA256:darwin-x64@"
    end
  end

  on_linux do
    on_arm do
      url "@URL:linux-arm64@"
      sha256 "@SHA256:linux-arm64@"
    end
    on_intel do
      if Hardware::CPU.avx2?
        url "@URL:linux-x64@"
        sha256 "@SHA256:linux-x64@"
      else
        url "@URL:linux-x64-baseline@"
        sha256 "@SHA256:linux-x64-baseline@"
      end
    end
  end

  def install
    bin.install "vouch"
    @EXTRAS@
  end

  def caveats
    <<~EOS
      Package managers ask Vouch through links in a shims folder. Once you have
      enrolled (vouch enroll), this makes them, configures cargo, pip and npm and
      prints the line that puts the folder first on your PATH:
        vouch setup codeartifact --domain my-domain --repository my-repo

      vouch login starts the agent when none runs. To have it run from the start of
      your session:
        brew services start vouch
    EOS
  end

  service do
    run [opt_bin/"vouch", "agent", "run"]
    keep_alive successful_exit: false
    environment_variables PATH: std_service_path_env
  end

  test do
    assert_equal "vouch #{version}", shell_output("#{bin}/vouch --version").chomp
    ENV["VOUCH_RUNTIME_DIR"] = testpath/"run"
    assert_match "No agent is running.", shell_output("#{bin}/vouch agent status", 1)
  end
end
