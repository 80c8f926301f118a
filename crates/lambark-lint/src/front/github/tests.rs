#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::front::shown;

fn workflow(text: &str) -> String {
    shown::all(&FRONT_END, ".github/workflows/w.yml", text)
}

#[test]
fn names_of_workflows_and_actions() {
    for name in [".github/workflows/a.yml", "x/.github/workflows/a.yaml", "action.yml", ".github/actions/b/action.yaml"]
    {
        assert!(recognises(name), "{name}");
    }
    assert!(!recognises(".github/dependabot.yml") && !recognises("workflows/a.yml"));
}

#[test]
fn scripts_see_the_environment_of_workflow_job_and_step() {
    let text = r#"
env:
  DOCKER_BUILDKIT: 0
  REPO: 123456789012.dkr.ecr.us-east-1.amazonaws.com/app
jobs:
  build:
    runs-on: ubuntu-latest
    env: {BUILDX_NO_DEFAULT_ATTESTATIONS: "1"}
    defaults: {run: {working-directory: services/api}}
    steps:
      - uses: actions/checkout@v4
      - run: docker build -t ${{ env.REPO }}:${{github.sha}} .
      - name: other place
        working-directory: ${{ github.workspace }}/other
        env:
          DOCKER_BUILDKIT: "1"
        run: |
          # a comment
          docker build \
            --platform linux/amd64 \
            -t "$REPO:${{ github.sha }}" .
      - run: docker build .
        if: false
      - run: docker build .
        shell: pwsh
"#;
    insta::assert_snapshot!(workflow(text), @r#"
    == job build
    docker build at docker build -t ${{ env.REPO }}:${{github.sha}} .
      context: ~services/api <.>
      dockerfile: ~services/api/Dockerfile <docker build -t ${{ env.REPO }}:${{github.sha}} .>
      --tag ?123456789012.dkr.ecr.us-east-1.amazonaws.com/app:${{ github.sha }} <${{ env.REPO }}:${{github.sha}}> in `-t ${{ env.REPO }}:${{github.sha}}` (kept)
      insert behind `- run: docker build`: " " ""
      $BUILDX_NO_DEFAULT_ATTESTATIONS = 1
      $DOCKER_BUILDKIT = 0
    docker build at docker build \⏎            --platform linux/amd64 \⏎            -t "$REPO:${{ github.sha }}" .
      context: ~other <.>
      dockerfile: ~other/Dockerfile <docker build \⏎            --platform linux/amd64 \⏎            -t "$REPO:${{ github.sha }}" .>
      --platform linux/amd64 in `--platform linux/amd64`
      --tag ?123456789012.dkr.ecr.us-east-1.amazonaws.com/app:${{ github.sha }} <"$REPO:${{ github.sha }}"> in `-t "$REPO:${{ github.sha }}"` (kept)
      insert behind `docker build`: " " ""
      $BUILDX_NO_DEFAULT_ATTESTATIONS = 1
      $DOCKER_BUILDKIT = 1
    "#);
}

#[test]
fn actions_that_build_push_and_deploy() {
    let text = r#"
jobs:
  ship:
    steps:
      - uses: docker/setup-buildx-action@v3
        with: {driver: docker-container}
      - id: login
        uses: aws-actions/amazon-ecr-login@v2
      - id: meta
        uses: docker/metadata-action@v5
        with:
          images: 123456789012.dkr.ecr.us-east-1.amazonaws.com/app
      - uses: docker/build-push-action@v6 # pinned
        env: {BUILDX_NO_DEFAULT_ATTESTATIONS: 1}
        with:
          context: api
          file: ./api/docker/Dockerfile
          push: ${{ github.event_name != 'pull_request' }}
          provenance: false
          platforms: linux/amd64,linux/arm64
          build-args: |
            A=1
            provenance=false
          tags: |
            ${{ steps.meta.outputs.tags }}
            ${{ steps.login.outputs.registry }}/app:latest
      - uses: docker/build-push-action@0123456789012345678901234567890123456789 # v6.18.0
      - uses: aws-actions/aws-lambda-deploy@v1.1.0
        with:
          function-name: app
          image-uri: ${{ steps.login.outputs.registry }}/app:latest
      - uses: aws-actions/aws-lambda-deploy@v1.1.0
        with: {function-name: zip, code-artifacts-dir: dist}
"#;
    insta::assert_snapshot!(workflow(text), @r#"
    == job ship
    Builder at uses: docker/setup-buildx-action@v3
    docker/build-push-action v6 at uses: docker/build-push-action@v6
      context: ~api
      dockerfile: ~api/docker/Dockerfile <./api/docker/Dockerfile>
      --push ?${{ github.event_name != 'pull_request' }} in `push: ${{ github.event_name != 'pull_request' }}`
      --provenance false in `provenance: false`
      --platform linux/amd64 in `linux/amd64` (kept)
      --platform linux/arm64 in `linux/arm64` (kept)
      --build-arg A=1 in `A=1` (kept)
      --build-arg provenance=false in `provenance=false` (kept)
      --tag ?123456789012.dkr.ecr.us-east-1.amazonaws.com/app:${{ steps.meta.outputs.version }} <${{ steps.meta.outputs.tags }}> in `${{ steps.meta.outputs.tags }}` (kept)
      --tag ?${{ steps.login.outputs.registry }}/app:latest in `${{ steps.login.outputs.registry }}/app:latest` (kept)
      insert behind `${{ steps.login.outputs.registry }}/app:latest`: "\n          " ""
      $BUILDX_NO_DEFAULT_ATTESTATIONS = 1
    docker/build-push-action ~v6.18.0 <0123456789012345678901234567890123456789> at uses: docker/build-push-action@0123456789012345678901234567890123456789
      context: ~ <uses: docker/build-push-action@0123456789012345678901234567890123456789>
      dockerfile: ~Dockerfile <uses: docker/build-push-action@0123456789012345678901234567890123456789>
    lambda UpdateCode ?${{ steps.login.outputs.registry }}/app:latest waits=true at uses: aws-actions/aws-lambda-deploy@v1.1.0
    "#);
}

#[test]
fn jobs_run_in_the_order_of_needs_and_hand_on_outputs() {
    let text = r#"
jobs:
  deploy:
    needs: [build]
    steps:
      - run: aws lambda update-function-code --function-name f --image-uri ${{ needs.build.outputs.image }}
  unrelated:
    steps:
      - run: docker build -t unrelated .
  build:
    outputs:
      image: ${{ steps.b.outputs.image }}
    steps:
      - id: b
        env:
          REGISTRY: 123456789012.dkr.ecr.us-east-1.amazonaws.com
          TAG: ${{ github.sha }}
        run: |
          docker build -t $REGISTRY/app:$TAG .
          docker push $REGISTRY/app:$TAG
          echo "::set-output name=image::$REGISTRY/app:$TAG"
          echo "BUILDX_NO_DEFAULT_ATTESTATIONS=1" >> "$GITHUB_ENV"
      - run: docker build -t later .
      - run: cat .env >> $GITHUB_ENV
      - run: docker build -t last .
"#;
    insta::assert_snapshot!(workflow(text), @r#"
    == jobs build, deploy
    docker build at docker build -t $REGISTRY/app:$TAG .
      context: ~ <.>
      dockerfile: ~Dockerfile <docker build -t $REGISTRY/app:$TAG .>
      --tag ?123456789012.dkr.ecr.us-east-1.amazonaws.com/app:${{ github.sha }} <$REGISTRY/app:$TAG> in `-t $REGISTRY/app:$TAG` (kept)
      insert behind `docker build`: " " ""
    push ?123456789012.dkr.ecr.us-east-1.amazonaws.com/app:${{ github.sha }} <$REGISTRY/app:$TAG> at docker push $REGISTRY/app:$TAG
    docker build at docker build -t later .
      context: ~ <.>
      dockerfile: ~Dockerfile <docker build -t later .>
      --tag later in `-t later`
      insert behind `- run: docker build`: " " ""
      $BUILDX_NO_DEFAULT_ATTESTATIONS = ~1 <echo "BUILDX_NO_DEFAULT_ATTESTATIONS=1" >> "$GITHUB_ENV">
    docker build at docker build -t last .
      context: ~ <.>
      dockerfile: ~Dockerfile <docker build -t last .>
      --tag last in `-t last`
      insert behind `- run: docker build`: " " ""
      $BUILDX_NO_DEFAULT_ATTESTATIONS = ~1 <echo "BUILDX_NO_DEFAULT_ATTESTATIONS=1" >> "$GITHUB_ENV">
      and other variables perhaps
    lambda UpdateCode ?123456789012.dkr.ecr.us-east-1.amazonaws.com/app:${{ github.sha }} <${{ needs.build.outputs.image }}> waits=false at aws lambda update-function-code --function-name f --image-uri ${{ needs.build.outputs.image }}
    == job unrelated
    docker build at docker build -t unrelated .
      context: ~ <.>
      dockerfile: ~Dockerfile <docker build -t unrelated .>
      --tag unrelated in `-t unrelated`
      insert behind `- run: docker build`: " " ""
    "#);
}

#[test]
fn a_matrix_is_gone_through() {
    let text = r#"
jobs:
  a:
    strategy:
      matrix:
        service: [api, worker]
        include:
          - service: api
            dockerfile: Dockerfile.api
          - service: worker
            dockerfile: Dockerfile.worker
    steps:
      - run: docker build -f ${{ matrix.dockerfile }} -t ${{ matrix.service }} .
  b:
    strategy:
      matrix:
        image: [{name: x, arch: arm64}]
    steps:
      - run: docker build --platform linux/${{ matrix.image.arch }} -t ${{ matrix.image.name }} .
  c:
    strategy:
      matrix: ${{ fromJSON(needs.x.outputs.m) }}
    steps:
      - run: docker build -t ${{ matrix.any }} .
"#;
    insta::assert_snapshot!(workflow(text), @r#"
    == job a
    docker build at docker build -f ${{ matrix.dockerfile }} -t ${{ matrix.service }} .
      context: ~ <.>
      dockerfile: ~Dockerfile.api <${{ matrix.dockerfile }}>
      --file ~Dockerfile.api <${{ matrix.dockerfile }}> in `-f ${{ matrix.dockerfile }}` (kept)
      --tag ~api <${{ matrix.service }}> in `-t ${{ matrix.service }}` (kept)
      insert behind `- run: docker build`: " " ""
    docker build at docker build -f ${{ matrix.dockerfile }} -t ${{ matrix.service }} .
      context: ~ <.>
      dockerfile: ~Dockerfile.worker <${{ matrix.dockerfile }}>
      --file ~Dockerfile.worker <${{ matrix.dockerfile }}> in `-f ${{ matrix.dockerfile }}` (kept)
      --tag ~worker <${{ matrix.service }}> in `-t ${{ matrix.service }}` (kept)
      insert behind `- run: docker build`: " " ""
    == job b
    docker build at docker build --platform linux/${{ matrix.image.arch }} -t ${{ matrix.image.name }} .
      context: ~ <.>
      dockerfile: ~Dockerfile <docker build --platform linux/${{ matrix.image.arch }} -t ${{ matrix.image.name }} .>
      --platform ~linux/arm64 <linux/${{ matrix.image.arch }}> in `--platform linux/${{ matrix.image.arch }}` (kept)
      --tag ~x <${{ matrix.image.name }}> in `-t ${{ matrix.image.name }}` (kept)
      insert behind `- run: docker build`: " " ""
    == job c
    docker build at docker build -t ${{ matrix.any }} .
      context: ~ <.>
      dockerfile: ~Dockerfile <docker build -t ${{ matrix.any }} .>
      --tag ?${{ matrix.any }} in `-t ${{ matrix.any }}` (kept)
      insert behind `- run: docker build`: " " ""
    "#);
}

#[test]
fn actions_workflows_and_scripts_of_the_repository_are_followed() {
    let caller = r#"
env: {DOCKER_BUILDKIT: 0}
jobs:
  a:
    steps:
      - id: made
        uses: ./.github/actions/build
        with: {name: api}
      - run: echo ${{ steps.made.outputs.image }} && docker push ${{ steps.made.outputs.image }}
      - run: ./scripts/build.sh
  b:
    uses: ./.github/workflows/called.yml
    with: {platform: linux/arm64}
"#;
    let action = r#"
inputs:
  name: {required: true}
  platform: {default: linux/amd64}
outputs:
  image: {value: "${{ steps.x.outputs.image }}"}
runs:
  using: composite
  steps:
    - id: x
      shell: bash
      run: |
        docker build --platform ${{ inputs.platform }} -t ${{ inputs.name }}:v1 .
        echo "image=${{ inputs.name }}:v1" >> $GITHUB_OUTPUT
"#;
    let called = r#"
on:
  workflow_call:
    inputs:
      platform: {type: string}
jobs:
  inner:
    steps:
      - run: docker build --platform ${{ inputs.platform }} .
"#;
    let files = [
        (".github/workflows/w.yml", caller),
        (".github/actions/build/action.yml", action),
        (".github/workflows/called.yml", called),
        ("scripts/build.sh", "#!/bin/sh\ndocker build -t script .\n"),
    ];
    insta::assert_snapshot!(shown::in_tree(&FRONT_END, ".github/workflows/w.yml", &files), @r#"
    == job a
    docker build at docker build --platform ${{ inputs.platform }} -t ${{ inputs.name }}:v1 .
      context: ~ <.>
      dockerfile: ~Dockerfile <docker build --platform ${{ inputs.platform }} -t ${{ inputs.name }}:v1 .>
      --platform ~linux/amd64 <${{ inputs.platform }}> in `--platform ${{ inputs.platform }}` (kept)
      --tag ~api:v1 <${{ inputs.name }}:v1> in `-t ${{ inputs.name }}:v1` (kept)
      insert behind `docker build`: " " ""
      $DOCKER_BUILDKIT = 0
    push ~api:v1 <${{ steps.made.outputs.image }}> at docker push ${{ steps.made.outputs.image }}
      $DOCKER_BUILDKIT = 0
    docker build at docker build -t script .
      context: ~ <.>
      dockerfile: ~Dockerfile <docker build -t script .>
      --tag script in `-t script`
      insert behind `docker build`: " " ""
      $DOCKER_BUILDKIT = 0
    == job b
    docker build at docker build --platform ${{ inputs.platform }} .
      context: ~ <.>
      dockerfile: ~Dockerfile <docker build --platform ${{ inputs.platform }} .>
      --platform ~linux/arm64 <${{ inputs.platform }}> in `--platform ${{ inputs.platform }}` (kept)
      insert behind `- run: docker build`: " " ""
    follows .github/actions/build/action.yml
    follows scripts/build.sh
    follows .github/workflows/called.yml job inner
    "#);
}

#[test]
fn bake_targets_get_the_inputs_of_the_action() {
    let text = r#"
jobs:
  a:
    env: {BUILDX_NO_DEFAULT_ATTESTATIONS: "1"}
    steps:
      - uses: docker/bake-action@v6
        with:
          targets: api
          push: true
          provenance: false
          set: |
            *.platform=linux/arm64
            worker.tags=no
      - uses: docker/bake-action@v6
        with: {files: ./elsewhere.hcl}
"#;
    let bake = "target \"api\" {\n  attest = [\"type=provenance,mode=max\"]\n  platforms = [\"linux/amd64\"]\n}\ntarget \"worker\" {}\n";
    let files = [(".github/workflows/w.yml", text), ("docker-bake.hcl", bake)];
    insta::assert_snapshot!(shown::in_tree(&FRONT_END, ".github/workflows/w.yml", &files), @r#"
    == job a
    docker buildx bake at target "api"
      context: ~ <target "api">
      dockerfile: ~Dockerfile <target "api">
      --push true in `push: true`
      --provenance false in `provenance: false`
      --platform ~linux/arm64 <*.platform=linux/arm64> in `*.platform=linux/arm64` (kept)
      insert behind `platforms = ["linux/amd64"]`: "\n  " ""
      $BUILDX_NO_DEFAULT_ATTESTATIONS = 1
    docker/bake-action v6 at uses: docker/bake-action@v6
      --files ./elsewhere.hcl in `files: ./elsewhere.hcl`
      insert behind `with: {files: ./elsewhere.hcl`: ", " ""
      $BUILDX_NO_DEFAULT_ATTESTATIONS = 1
    follows docker-bake.hcl
    "#);
}

#[test]
fn anchors_forbid_edits() {
    let text = r#"
jobs:
  a:
    steps: &steps
      - run: docker build .
      - uses: docker/build-push-action@v6
        with: {push: true}
  b:
    steps: *steps
"#;
    insta::assert_snapshot!(workflow(text), @r#"
    == job a
    docker build at docker build .
      context: ~ <.>
      dockerfile: ~Dockerfile <docker build .>
      no edits: a YAML anchor lets other places share it
    docker/build-push-action ~v6 at uses: docker/build-push-action@v6
      context: ~ <uses: docker/build-push-action@v6>
      dockerfile: ~Dockerfile <uses: docker/build-push-action@v6>
      --push ~true in `push: true` (kept)
      no edits: a YAML anchor lets other places share it
    == job b
    docker build at docker build .
      context: ~ <.>
      dockerfile: ~Dockerfile <docker build .>
      no edits: a YAML anchor lets other places share it
    docker/build-push-action ~v6 at uses: docker/build-push-action@v6
      context: ~ <uses: docker/build-push-action@v6>
      dockerfile: ~Dockerfile <uses: docker/build-push-action@v6>
      --push ~true in `push: true` (kept)
      no edits: a YAML anchor lets other places share it
    "#);
}

#[test]
fn what_needs_itself_and_what_is_half_written_ends() {
    let text = "jobs:\n  a:\n    needs: b\n    uses: ./.github/workflows/w.yml\n  b:\n    needs: a\n    steps:\n      - run: docker build .\n      - run: \"docker\n";
    insta::assert_snapshot!(workflow(text), @r#"
    == jobs a, b
    docker build at docker build .
      context: ~ <.>
      dockerfile: ~Dockerfile <docker build .>
      insert behind `- run: docker build`: " " ""
    note at 9:14: while scanning a quoted scalar, found unexpected end of stream
    "#);
}

#[test]
fn commands_that_build_what_a_file_declares() {
    let text = r#"
jobs:
  a:
    env: {BUILDX_NO_DEFAULT_ATTESTATIONS: "1"}
    steps:
      - run: docker buildx bake --push --set api.platform=linux/arm64 api
      - run: docker compose -f deploy/compose.yml build --provenance=false worker && docker compose push
      - run: docker buildx bake -f nowhere.hcl --set "*.attest=type=sbom" x
"#;
    let bake = "target \"api\" {\n  tags = [\"a\"]\n}\ntarget \"worker\" {}\n";
    let compose = "services:\n  api: {build: .}\n  worker:\n    image: w\n    build: ./w\n";
    let files = [(".github/workflows/w.yml", text), ("docker-bake.hcl", bake), ("deploy/compose.yml", compose)];
    insta::assert_snapshot!(shown::in_tree(&FRONT_END, ".github/workflows/w.yml", &files), @r#"
    == job a
    docker buildx bake at target "api"
      context: ~ <target "api">
      dockerfile: ~Dockerfile <target "api">
      --tag a in `"a"` (kept)
      --push ~true <--push> in `--push`
      --platform ~linux/arm64 <api.platform=linux/arm64> in `--set api.platform=linux/arm64` (kept)
      insert behind `tags = ["a"]`: "\n  " ""
      $BUILDX_NO_DEFAULT_ATTESTATIONS = 1
    docker compose build at worker
      context: ~deploy/w <./w>
      dockerfile: ~deploy/w/Dockerfile <./w>
      --tag w in `image: w`
      --provenance false in `--provenance=false`
      $BUILDX_NO_DEFAULT_ATTESTATIONS = 1
    push  at docker compose push
      $BUILDX_NO_DEFAULT_ATTESTATIONS = 1
    docker buildx bake at docker buildx bake -f nowhere.hcl --set "*.attest=type=sbom" x
      context: ~ <docker buildx bake -f nowhere.hcl --set "*.attest=type=sbom" x>
      --file nowhere.hcl in `-f nowhere.hcl`
      --attest ~type=sbom <*.attest=type=sbom> in `--set "*.attest=type=sbom"` (kept)
      insert behind `- run: docker buildx bake`: " " ""
      $BUILDX_NO_DEFAULT_ATTESTATIONS = 1
    follows docker-bake.hcl
    follows deploy/compose.yml
    "#);
}
