/** What laptops are told, for people to read: roles, named profiles, repositories. */
import { printable } from "../../../../base/words/printable.ts";
import type { AnnouncedBody, AnnouncedRepository } from "../../../../announced/body.ts";
import { Fragment, h } from "../../view/jsx.ts";
import { Empty, Table } from "../../view/parts.tsx";

export function Announced({ body }: { body: AnnouncedBody }) {
  const { aws, profiles = [], repositories = [] } = body;
  const roles = [
    ...(aws === undefined ? [] : [{ name: "without a name", ...aws, via: [] }]),
    ...profiles.map(({ name, roleArn, region, via = [] }) => ({ name, roleArn, region, via })),
  ];
  if (roles.length + repositories.length === 0) return <Empty>Nothing is announced.</Empty>;
  return (
    <Fragment>
      {roles.length === 0 ? null : (
        <Table
          label="Roles"
          rows={roles}
          columns={[
            { title: "Role", isHeader: true, cell: ({ name }) => printable(name) },
            {
              title: "At AWS",
              cell: ({ roleArn, via }) => (
                <span class="breakable">
                  {roleArn}
                  {via.length === 0 ? null : <span class="sub">{`by ${via.join(", then ")}`}</span>}
                </span>
              ),
            },
            { title: "Region", cell: ({ region }) => region },
          ]}
        />
      )}
      {repositories.length === 0 ? null : (
        <Table
          label="Repositories"
          rows={repositories}
          columns={[
            {
              title: "Repository",
              isHeader: true,
              cell: ({ domain, repository, domainOwner, region }) => (
                <span class="breakable">
                  {`${domain}/${repository}`}
                  <span class="sub">{`of ${domainOwner}, in ${region}`}</span>
                </span>
              ),
            },
            { title: "For", cell: whatFor },
            { title: "Read by", cell: ({ profile, roleArn }) => profile ?? <Role arn={roleArn} /> },
            {
              title: "Published by",
              cell: ({ publishRoleArn }) => (publishRoleArn === undefined ? "nobody" : <Role arn={publishRoleArn} />),
            },
          ]}
        />
      )}
    </Fragment>
  );
}

function Role({ arn }: { arn: string | undefined }) {
  return arn === undefined ? <span class="faint">the role without a name</span> : <span class="breakable">{arn}</span>;
}

function whatFor({ tools, npmScopes, extra }: AnnouncedRepository) {
  return (
    <span>
      {tools === undefined ? "every package manager" : tools.join(", ")}
      {npmScopes === undefined ? null : <span class="sub">{npmScopes.join(", ")}</span>}
      {extra === true ? <span class="sub">beside the public registry</span> : null}
    </span>
  );
}
