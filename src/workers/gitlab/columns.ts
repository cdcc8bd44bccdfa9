const words = (text: string): readonly string[] => text.trim().split(/[\s,]+/)

const PROJECT = words(`id name path_with_namespace namespace description visibility archived default_branch topics star_count
  forks_count open_issues_count created_at last_activity_at http_url_to_repo ssh_url_to_repo web_url statistics`)
const GROUP = words('id name path full_path full_name parent_id description visibility created_at web_url statistics')

/** Columns of the csv and xml formats (gitlab-worker §5). */
export const COLUMNS = {
  area: words('type id name full_path parent_path web_url description'),
  project: PROJECT,
  group: GROUP,
  projectDetails: [
    ...PROJECT,
    ...words('creator_id owner permissions license forked_from_project ci_config_path languages'),
  ] as readonly string[],
  groupDetails: [...GROUP, ...words('shared_with_groups project_creation_level subgroup_creation_level')] as readonly string[],
  member: words(`id username name state locked access_level membership_state created_at expires_at web_url avatar_url email
    group_saml_identity`),
  issue: words(`id iid project_id title description state labels milestone author assignees issue_type confidential weight
    created_at updated_at closed_at due_date user_notes_count upvotes downvotes time_stats task_completion_status references
    web_url`),
  mergeRequest: words(`id iid project_id title description state draft source_branch target_branch author assignees reviewers
    labels milestone sha merge_commit_sha squash_commit_sha created_at updated_at merged_at merge_user closed_at
    detailed_merge_status has_conflicts user_notes_count time_stats web_url`),
  commit: words(`id short_id title message author_name author_email authored_date committer_name committer_email committed_date
    created_at parent_ids stats trailers web_url`),
  branch: words('name commit merged protected default developers_can_push developers_can_merge can_push web_url'),
  tag: words('name message target commit release protected created_at'),
  pipeline: words('id iid project_id sha ref status source name created_at updated_at web_url'),
  pipelineDetails: words('started_at finished_at duration queued_duration coverage user detailed_status yaml_errors tag'),
  job: words(`id name stage status ref tag coverage allow_failure created_at started_at finished_at erased_at duration
    queued_duration failure_reason user commit pipeline runner tag_list artifacts artifacts_expire_at web_url`),
  deployment: words('id iid ref sha status created_at updated_at user environment deployable'),
  environment: words('id name slug description external_url state tier created_at updated_at auto_stop_at last_deployment'),
  vulnerability: words(`id title description state severity confidence report_type created_at updated_at resolved_at dismissed_at
    finding project project_default_branch`),
} as const
